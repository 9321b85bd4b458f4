package scenario

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// extension is what the keys begin with that are left to a file's author, and that nothing else reads.
const extension = "x-"

// pair is one key of a mapping with its value.
type pair struct{ key, value *yaml.Node }

// pairs lists a mapping's keys in order, then those that merge keys (<<) bring in and that it does not
// give itself. It reports duplicates and keys that are no texts.
func (d *decoder) pairs(n *yaml.Node, path string, depth int) []pair {
	var all, merged []pair
	seen := map[string]position{}
	for i := 0; i+1 < len(n.Content) && !d.stopped; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		for key.Kind == yaml.AliasNode && key.Alias != nil && key.Alias.Kind != yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, d.merge(value, path, depth+1)...)
			continue
		}
		if key.Kind != yaml.ScalarNode || !slices.Contains([]string{"!!str", "!!int", "!!float"}, key.ShortTag()) {
			d.fail(at(n.Content[i]), path, "write a word, in quotes where it means something else to YAML",
				"%s is not a key", what(key))
			continue
		}
		if first, twice := seen[key.Value]; twice {
			d.fail(at(n.Content[i]), join(path, key.Value), fmt.Sprintf("remove it here or in line %d", first.line),
				"the key %q is given twice", key.Value)
			continue
		}
		seen[key.Value] = at(n.Content[i])
		all = append(all, pair{key, value})
	}
	for _, p := range merged {
		if _, given := seen[p.key.Value]; !given {
			seen[p.key.Value] = at(p.key)
			all = append(all, p)
		}
	}
	return all
}

// merge lists the pairs behind a merge key: of an alias, a mapping, or a list of these.
func (d *decoder) merge(n *yaml.Node, path string, depth int) []pair {
	if d.excessive(n, path, depth) {
		return nil
	}
	switch {
	case n.Kind == yaml.AliasNode && n.Alias != nil:
		return d.merge(n.Alias, path, depth+1)
	case n.Kind == yaml.MappingNode:
		d.nodes += len(n.Content)
		return d.pairs(n, path, depth)
	case n.Kind == yaml.SequenceNode:
		var all []pair
		for i := 0; i < len(n.Content) && !d.stopped; i++ {
			all = append(all, d.merge(n.Content[i], path, depth+1)...)
		}
		return all
	}
	d.fail(at(n), path, "write an alias such as *common", "%s cannot be merged", what(n))
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// fieldsOf is the function fieldsOf, which a type takes once. The list is shared: nobody changes it.
func (d *decoder) fieldsOf(t reflect.Type) []field {
	fields, known := d.structs[t]
	if !known {
		fields = fieldsOf(t, d.catalogue)
		if d.structs == nil {
			d.structs = map[reflect.Type][]field{}
		}
		d.structs[t] = fields
	}
	return fields
}

// section decodes a mapping, or the scalar that is short for one, into the struct v.
func (d *decoder) section(n *yaml.Node, v reflect.Value, f *field, path string, depth int) bool {
	fields := d.fieldsOf(v.Type())
	given := map[string]bool{}
	before := len(d.errs)
	switch {
	case n.Kind == yaml.MappingNode:
		for _, p := range d.pairs(n, path, depth) {
			if d.stopped {
				return false
			}
			d.member(p, v, fields, given, f, path, depth)
		}
		if len(given) == 0 && len(shortFields(fields)) == 2 && len(d.errs) == before {
			d.fail(at(n), path, "write one of its keys: "+strings.Join(names(fields), ", "), "there is no value")
		}
	case n.Kind == yaml.ScalarNode && len(shortFields(fields)) > 0:
		for _, sf := range shortFields(fields) {
			given[sf.name] = true
			inner := sf
			inherit(&inner, f)
			if !d.value(n, v.FieldByIndex(sf.index), &inner, path, depth+1) {
				return false
			}
		}
	default:
		found := what(n)
		if f.quiet {
			found = "a value"
		}
		d.fail(at(n), path, "write one of its keys: "+strings.Join(names(fields), ", "), "%s where a mapping belongs", found)
		return false
	}
	d.complete(v, fields, given, path)
	return len(d.errs) == before
}

// inherit hands the range of the field f down to the directions of a two-way quantity.
func inherit(inner, f *field) {
	if inner.short && (inner.name == "up" || inner.name == "down") {
		inner.min, inner.max = f.min, f.max
	}
}

// member decodes one key of a section, with its value, into the struct v; outer is the section's own field.
func (d *decoder) member(
	p pair, v reflect.Value, fields []field, given map[string]bool, outer *field, path string, depth int,
) {
	name := p.key.Value
	f := fieldFor(fields, name, p.value)
	if f == nil && strings.HasPrefix(name, extension) {
		return // the author's own, such as values to be repeated by aliases
	}
	if f == nil {
		d.fail(at(p.key), path, suggest(name, names(fields)), "unknown key %q", name)
		// The key that was meant counts as given: its absence would be a second error for one slip.
		if meant, ok := nearest(name, names(fields)); ok {
			given[meant] = true
			d.meant = append(d.meant, join(path, meant))
		}
		return
	}
	given[name] = true
	if f.never {
		d.fail(at(p.key), join(path, name), f.brief(), "the key %q is not allowed here", name)
		return
	}
	inner := *f
	inherit(&inner, outer)
	if k := p.value.Kind; k == yaml.MappingNode || k == yaml.AliasNode {
		d.where[join(path, name)] = at(p.key)
	}
	if p.value.Line == 0 { // an absent value has no place of its own
		p.value.Line, p.value.Column = p.key.Line, p.key.Column
	}
	target := f.target(v)
	if d.value(p.value, target, &inner, join(path, name), depth+1) {
		f.keep(v, target)
	}
}

// complete applies defaults and checks which keys go together.
func (d *decoder) complete(v reflect.Value, fields []field, given map[string]bool, path string) {
	groups := map[string][]string{}
	here := d.position(path)
	for i := range fields {
		f := &fields[i]
		if given[f.name] {
			for _, group := range []string{f.one, f.atmost} {
				groups[group] = append(groups[group], f.name)
			}
			if f.with != "" && !given[f.with] {
				d.failAt(join(path, f.name), "give "+f.with+" or remove it", "it has no meaning without %s", f.with)
			}
			continue
		}
		if f.required {
			what := f.brief()
			if f.choice != "" {
				what = strings.TrimPrefix(what+", "+strings.TrimPrefix(suggest("", f.words(d.catalogue)), "write "), ", ")
			}
			d.fail(here, path, "add it: "+what, "the key %q is missing", f.name)
		}
	}
	for i := range fields {
		if f := &fields[i]; !given[f.name] {
			d.standIn(v, f, fields, path)
		}
	}
	for i := range fields {
		f := &fields[i]
		if is := word(v, fields, f.when.key); given[f.name] && !f.when.holds(is) && is != "" {
			remedy := fmt.Sprintf("remove it, or write %s: %s", f.when.key, strings.Join(f.when.words, " or "))
			d.failAt(join(path, f.name), remedy, "it has no meaning with %s: %s", f.when.key, is)
		}
	}
	d.alternatives(fields, groups, path, here)
}

// alternatives checks that of the keys that exclude each other one is given.
func (d *decoder) alternatives(fields []field, groups map[string][]string, path string, here position) {
	for i := range fields {
		f := &fields[i]
		group, must := f.one, true
		if group == "" {
			group, must = f.atmost, false
		}
		given := groups[group]
		if group == "" || find(fields[:i], f.name) != nil {
			continue
		}
		switch {
		case len(given) == 0 && must:
			d.fail(here, path, "add one of "+strings.Join(members(fields, group), ", "), "the %s is missing", group)
			groups[group] = []string{""}
		case len(given) > 1:
			last := join(path, given[0])
			for _, name := range given[1:] {
				p, q := d.position(join(path, name)), d.position(last)
				if p.line > q.line || p.line == q.line && p.column > q.column {
					last = join(path, name)
				}
			}
			d.fail(d.position(last), last, "keep one of "+strings.Join(given, ", "), "the %s is given more than once", group)
			groups[group] = given[:1]
		}
	}
}

func members(fields []field, group string) []string {
	var all []string
	for _, f := range fields {
		if f.one == group || f.atmost == group {
			all = append(all, f.name)
		}
	}
	return all
}

// given is the first key of those that the file has at path; the first of all where it has none.
func (d *decoder) given(path string, keys ...string) string {
	for _, key := range keys {
		if _, is := d.where[join(path, key)]; is {
			return key
		}
	}
	return keys[0]
}

// position is where the value at path stands, or the nearest thing around it.
func (d *decoder) position(path string) position {
	for {
		if p, ok := d.where[path]; ok {
			return p
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			break
		}
		path = path[:cut]
	}
	if p, ok := d.where[""]; ok {
		return p
	}
	return position{1, 1}
}
