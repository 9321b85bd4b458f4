package scenario

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"testbed/emulator/catalogue"

	"go.yaml.in/yaml/v3"
)

// Limits that keep hostile files cheap: aliases may repeat what was written, but not multiply it.
const (
	maxDepth  = 40
	maxNodes  = 1_000_000 // values: the nodes and links allowed have some 300,000 with all their keys
	maxErrors = 100       // the rest would say the same
)

// position is where a value stands in the file.
type position struct{ line, column int }

func at(n *yaml.Node) position { return position{max(1, n.Line), max(1, n.Column)} }

// decoder turns YAML nodes into structs and goes on after an error.
type decoder struct {
	file      string
	errs      Errors
	where     map[string]position // of every value read, by path; of mappings their key's
	meant     []string            // paths of keys that were probably meant by unknown ones
	nodes     int
	catalogue *catalogue.Catalogue
	structs   map[reflect.Type][]field // the keys of those met so far: a file may have tens of thousands of sections
	defaults  map[string]*yaml.Node    // by their text
	stopped   bool                     // by excess, which is reported once, or by too many errors
}

func (d *decoder) fail(p position, path, remedy, format string, args ...any) {
	switch {
	case len(d.errs) > maxErrors:
		return
	case len(d.errs) == maxErrors:
		d.stopped = true
		d.errs = append(d.errs, &Error{d.file, p.line, p.column, "", "there are too many errors to say them all",
			"mend the others first", nil})
		return
	}
	d.errs = append(d.errs, &Error{d.file, p.line, p.column, path, fmt.Sprintf(format, args...), remedy, nil})
}

// full says whether there are as many errors as are told.
func (d *decoder) full() bool { return len(d.errs) > maxErrors }

// value decodes n into v as the field f wants it. It reports whether all went well.
func (d *decoder) value(n *yaml.Node, v reflect.Value, f *field, path string, depth int) bool {
	for n.Kind == yaml.AliasNode && n.Alias != nil && depth < maxDepth {
		n, depth = n.Alias, depth+1
	}
	if d.excessive(n, path, depth) {
		return false
	}
	if _, known := d.where[path]; !known {
		d.where[path] = at(n)
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		if f.mark {
			v.SetBool(true)
			return true
		}
		d.fail(at(n), path, "give it a value or remove the key", "there is no value")
		return false
	}
	if s := scalars[v.Type()]; s != nil {
		return d.quantity(n, v, s, f, path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		ok := d.value(n, target.Elem(), f, path, depth)
		if ok || target.Elem().Kind() == reflect.Struct {
			v.Set(target)
		}
		return ok
	case reflect.Struct:
		return d.section(n, v, f, path, depth)
	case reflect.Slice:
		if f.keyed {
			return d.keyed(n, v, f, path, depth)
		}
		return d.list(asList(n, f), v, f, path, depth)
	}
	return d.plain(n, v, f, path)
}

// excessive counts a value, and says so once where there are too many or they are nested too deeply.
func (d *decoder) excessive(n *yaml.Node, path string, depth int) bool {
	if d.nodes++; d.nodes <= maxNodes && depth < maxDepth && !d.stopped {
		return false
	}
	if !d.stopped {
		d.stopped = true
		d.fail(at(n), path, "nest less, and repeat less by aliases",
			"the file is nested too deeply or expands to too many values")
	}
	return true
}

func (d *decoder) quantity(n *yaml.Node, v reflect.Value, s *scalar, f *field, path string) bool {
	tag := n.ShortTag()
	number := tag == "!!int" || tag == "!!float"
	if n.Kind != yaml.ScalarNode || !number && tag != "!!str" {
		d.fail(at(n), path, "write "+s.want, "%s where a quantity belongs", what(n))
		return false
	}
	value, wrong, remedy := s.read(n.Value, number)
	if wrong != "" {
		d.fail(at(n), path, remedy, "%s", wrong)
		return false
	}
	low, high := s.min, s.max
	if f.min != "" {
		low, _ = s.parse(f.min)
	}
	if f.max != "" {
		high, _ = s.parse(f.max)
	}
	switch {
	case value < low:
		d.fail(at(n), path, "write at least "+s.format(low), "%s is too small", n.Value)
		return false
	case value > high:
		d.fail(at(n), path, "write at most "+s.format(high), "%s is too large", n.Value)
		return false
	}
	if v.CanInt() {
		v.SetInt(int64(value))
	} else {
		v.SetFloat(value)
	}
	return true
}

// plain decodes texts, truth values and numbers.
func (d *decoder) plain(n *yaml.Node, v reflect.Value, f *field, path string) bool {
	want := map[reflect.Kind]string{
		reflect.String: "a text", reflect.Bool: "true or false", reflect.Int: "a whole number",
		reflect.Uint64: "a whole number from 0 on", reflect.Float64: "a number",
	}[v.Kind()]
	if n.Kind != yaml.ScalarNode {
		d.fail(at(n), path, "write "+want, "%s where %s belongs", what(n), want)
		return false
	}
	tag, bad := n.ShortTag(), false
	switch v.Kind() {
	case reflect.String:
		return d.text(n, v, f, path)
	case reflect.Bool:
		bad = tag != "!!bool"
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int:
		x, err := strconv.ParseInt(n.Value, 10, 32)
		bad = tag != "!!int" || err != nil
		v.SetInt(x)
		if !bad && len(f.enum) > 0 && !slices.Contains(f.enum, strconv.FormatInt(x, 10)) {
			d.fail(at(n), path, "write "+strings.Join(f.enum, " or "), "%s is out of range", n.Value)
			return false
		}
	case reflect.Uint64:
		x, err := strconv.ParseUint(n.Value, 10, 63)
		bad = tag != "!!int" || err != nil
		v.SetUint(x)
	case reflect.Float64:
		x, err := strconv.ParseFloat(n.Value, 64)
		bad = tag != "!!int" && tag != "!!float" || err != nil
		v.SetFloat(x)
	default:
		bad = true
	}
	if bad {
		d.fail(at(n), path, "write "+want+rangeOf(f), "%s is not %s", quoted(n), want)
		return false
	}
	if f.mark && !v.Bool() {
		d.fail(at(n), path, "write it without a value, or remove it", "%s says nothing here", quoted(n))
		return false
	}
	return d.inRange(n, v, f, path)
}

func rangeOf(f *field) string {
	switch {
	case f.min != "" && f.max != "":
		return fmt.Sprintf(" from %s to %s", f.min, f.max)
	case f.min != "":
		return " of at least " + f.min
	}
	return ""
}

func (d *decoder) inRange(n *yaml.Node, v reflect.Value, f *field, path string) bool {
	var value float64
	switch {
	case v.CanInt():
		value = float64(v.Int())
	case v.CanUint():
		value = float64(v.Uint())
	case v.CanFloat():
		value = v.Float()
	}
	low, errLow := strconv.ParseFloat(f.min, 64)
	high, errHigh := strconv.ParseFloat(f.max, 64)
	if errLow == nil && value < low || errHigh == nil && value > high {
		d.fail(at(n), path, "write a number"+rangeOf(f), "%s is out of range", n.Value)
		return false
	}
	return true
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, f *field, path string) bool {
	if tag := n.ShortTag(); tag != "!!str" && !(f.names && (tag == "!!int" || tag == "!!float")) {
		if f.quiet {
			d.fail(at(n), path, f.brief(), "the value is not a text")
		} else if words := f.words(d.catalogue); len(words) > 0 {
			d.fail(at(n), path, suggest(n.Value, words), "%s is not one of the words known here", quoted(n))
		} else {
			d.fail(at(n), path, "put it in quotes if it is meant as a text", "%s is not a text", quoted(n))
		}
		return false
	}
	if words := f.words(d.catalogue); (len(words) > 0 || f.choice != "") && !slices.Contains(words, n.Value) {
		d.fail(at(n), path, suggest(n.Value, words), "%q is unknown", n.Value)
		return false
	}
	if n.Value == "" {
		d.fail(at(n), path, "give it a value or remove the key", "the text is empty")
		return false
	}
	if !d.spelling(n, f, path) {
		return false
	}
	v.SetString(n.Value)
	return true
}

// spelling holds a text against the field's pattern.
func (d *decoder) spelling(n *yaml.Node, f *field, path string) bool {
	if f.pattern == "" || compiled(f.pattern).MatchString(n.Value) {
		return true
	}
	remedy := "it must match " + f.pattern
	if strings.Contains(n.Value, ":") && strings.HasSuffix(path, "]") {
		remedy = "interfaces are not named here, write " + strings.SplitN(n.Value, ":", 2)[0]
	}
	if f.quiet {
		d.fail(at(n), path, f.brief(), "the value is not a valid name")
		return false
	}
	d.fail(at(n), path, remedy, "%q is not a valid name", n.Value)
	return false
}

// patterns are the fields' regular expressions, by their text.
var patterns sync.Map

func compiled(pattern string) *regexp.Regexp {
	known, ok := patterns.Load(pattern)
	if !ok {
		known, _ = patterns.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return known.(*regexp.Regexp)
}

// what names a node's kind for messages.
func what(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return quoted(n)
	}
}

func quoted(n *yaml.Node) string {
	text := n.Value
	if len(text) > 60 {
		text = text[:60] + "..."
	}
	return strconv.Quote(text)
}
