package scenario

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
)

// Setting gives a key of a scenario another value than the file does.
type Setting struct {
	// Key is the path of the value, as errors print it: topology.links.uplink.rate, replay.arrival.kind, events[0].at.
	// Elements of lists go by their names or by their numbers from 0; a name with a dot stands in double quotes.
	Key   string
	Value string // in YAML
	From  string // who says so, for errors: a flag, or a file
	Line  int    // in that file, from 1; 0: it has no lines
	Col   int    // likewise
}

// settingLine is the line of the first setting's nodes, beyond those that a file can have.
const settingLine = MaxSize + 2

// Adapt is Load of a scenario whose text is given, with some values replaced. The file's name is as of Parse; files
// that the scenario refers to are opened. Errors about a value that was set name who set it. Values are in the order
// of the settings.
func Adapt(
	data []byte, file string, c *catalogue.Catalogue, settings ...Setting,
) (s *Scenario, values []Value, err error) {
	return adapt(data, file, c, true, settings)
}

// set replaces the value of a key below root.
func (d *decoder) set(root *yaml.Node, s *Setting, number int) Value {
	line := settingLine + number
	nothing := Value{Text: s.Value, Number: math.NaN()}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(s.Value), &doc); err != nil || len(doc.Content) != 1 {
		d.fail(position{line, 1}, s.Key, "write a value as in a scenario, in quotes where it has special characters",
			"%q is no value", s.Value)
		return nothing
	}
	steps, wrong := splitKey(s.Key)
	if wrong != "" {
		d.fail(position{line, 1}, "", "write a path such as topology.links.uplink.rate", "the key %q: %s", s.Key, wrong)
		return nothing
	}
	w := walk{decoder: d, line: line, node: root, typ: reflect.TypeFor[File]()}
	for i, step := range steps {
		if !w.descend(step, i+1 == len(steps)) {
			return nothing
		}
	}
	value := doc.Content[0]
	w.place(value)
	*w.slot = value
	return w.valueOf(value, s.Value)
}

// walk is on its way down to a key's value.
type walk struct {
	*decoder
	line  int
	path  string
	node  *yaml.Node  // where it is; nil: nothing is there yet
	slot  **yaml.Node // that holds it
	typ   reflect.Type
	keyed bool // typ is a list that is written as a mapping
}

// descend goes on to a child; last: the child is the value itself, which need not be there.
func (w *walk) descend(s step, last bool) bool {
	for w.typ.Kind() == reflect.Pointer {
		w.typ = w.typ.Elem()
	}
	switch {
	case w.typ.Kind() == reflect.Struct && scalars[w.typ] == nil && s.number < 0:
		return w.member(s.name, last)
	case w.typ.Kind() == reflect.Slice && w.keyed && s.number < 0:
		return w.named(s.name, last)
	case w.typ.Kind() == reflect.Slice && !w.keyed:
		return w.element(s)
	}
	remedy := "leave out what follows it"
	if s.number >= 0 && w.typ.Kind() == reflect.Slice {
		remedy = "write the element's name instead of its number"
	}
	w.fail(position{w.line, 1}, w.path, remedy, "it has no %s", cmpName(s))
	return false
}

func cmpName(s step) string {
	if s.number >= 0 {
		return fmt.Sprintf("element %d", s.number)
	}
	return fmt.Sprintf("key %q", s.name)
}

// member goes on to a key of a section.
func (w *walk) member(name string, last bool) bool {
	fields := w.fieldsOf(w.typ)
	f := find(fields, name)
	if f == nil || f.never {
		w.fail(position{w.line, 1}, w.path, suggest(name, names(fields)), "unknown key %q", name)
		return false
	}
	if w.node.Kind == yaml.ScalarNode {
		w.spell(shortFields(fields))
	}
	if w.node.Kind != yaml.MappingNode {
		*w.node = yaml.Node{Kind: yaml.MappingNode, Line: w.line, Column: 1}
	}
	w.to(name, last)
	if !last {
		f = fieldFor(fields, name, w.node)
	}
	if f.bare && !last {
		*w.node = *asMapping(w.node, f)
	}
	w.path, w.typ, w.keyed = join(w.path, name), f.typ, f.keyed
	return true
}

// spell writes out the mapping that a scalar is short for.
func (w *walk) spell(short []field) {
	value := *w.node
	*w.node = yaml.Node{Kind: yaml.MappingNode, Line: value.Line, Column: value.Column}
	for _, f := range short {
		one := value
		w.node.Content = append(w.node.Content, w.key(f.name), &one)
	}
}

// named goes on to an element of a list that is written as a mapping.
func (w *walk) named(name string, last bool) bool {
	strict := w.path == "topology.nodes" || strings.HasPrefix(w.path, "workload.jobs[")
	if strict && !slices.Contains(w.keys(), name) { // others say themselves what they need
		w.fail(position{w.line, 1}, w.path, suggest(name, w.keys()), "there is no element %q", name)
		return false
	}
	if w.node.Kind != yaml.MappingNode {
		*w.node = yaml.Node{Kind: yaml.MappingNode, Line: w.line, Column: 1}
	}
	w.to(name, last)
	w.path, w.typ, w.keyed = join(w.path, name), w.typ.Elem(), false
	return true
}

func (w *walk) keys() []string {
	var all []string
	for i := 0; i+1 < len(w.node.Content); i += 2 {
		all = append(all, w.node.Content[i].Value)
	}
	return all
}

// element goes on to an element of a list by number or, of a section with one, by name.
func (w *walk) element(s step) bool {
	at := s.number
	var known []string
	for i, n := range w.node.Content {
		name := elementName(n)
		if known = append(known, name); s.number < 0 && name == s.name {
			at = i
		}
	}
	if w.node.Kind != yaml.SequenceNode || at < 0 || at >= len(w.node.Content) {
		remedy := fmt.Sprintf("it has %s, from 0", printable.Count(len(known), "element"))
		if s.number < 0 {
			remedy = suggest(s.name, slices.DeleteFunc(known, func(name string) bool { return name == "" }))
		}
		w.fail(position{w.line, 1}, w.path, remedy, "it has no %s", strings.Replace(cmpName(s), "key", "element", 1))
		return false
	}
	w.enter(&w.node.Content[at])
	w.path, w.typ, w.keyed = w.path+"["+strconv.Itoa(at)+"]", w.typ.Elem(), false
	return true
}

// elementName is the name of an element of a list: its own or, of a link, that of its endpoints; empty: it has none.
func elementName(n *yaml.Node) string {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	ends := ""
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		switch value := n.Content[i+1]; n.Content[i].Value {
		case "name":
			return value.Value
		case "endpoints":
			if len(value.Content) == 2 {
				ends = value.Content[0].Value + "-" + value.Content[1].Value
			}
		}
	}
	return ends
}

// to goes on to the value of a key of a mapping, which is made where there is none: empty or, where it is the value
// to be set, nothing yet.
func (w *walk) to(name string, last bool) {
	n := w.node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Kind == yaml.ScalarNode && key.Value == name && key.ShortTag() != "!!merge" {
			w.enter(&n.Content[i+1])
			return
		}
	}
	child := &yaml.Node{Kind: yaml.MappingNode, Line: w.line, Column: 1}
	for _, p := range w.pairs(n, w.path, 0) { // what merge keys bring in is the mapping's own from here on
		if p.key.Value == name && !last {
			child = p.value
		}
	}
	n.Content = append(n.Content, w.key(name), child)
	w.enter(&n.Content[len(n.Content)-1])
}

func (w *walk) key(name string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: w.line, Column: 1}
}

// enter goes on to the value in a slot. It becomes a copy of its own, for what aliases repeat is not to change
// elsewhere.
func (w *walk) enter(slot **yaml.Node) {
	n := *slot
	for depth := 0; n.Kind == yaml.AliasNode && n.Alias != nil && depth < maxDepth; depth++ {
		n = n.Alias
	}
	own := *n
	own.Anchor, own.Content = "", slices.Clone(n.Content)
	*slot = &own
	w.slot, w.node = slot, &own
}

// place gives a value's nodes the setting's line.
func (w *walk) place(n *yaml.Node) {
	n.Line, n.Column = w.line, 1
	for _, c := range n.Content {
		w.place(c)
	}
}

// said puts the place where a setting was made into errors about it.
func (e Errors) said(settings []Setting) Errors {
	for _, one := range e {
		if one.Line < settingLine || one.Line-settingLine >= len(settings) {
			continue
		}
		s := settings[one.Line-settingLine]
		one.File, one.Line, one.Column = s.From, s.Line, s.Col
	}
	return e
}
