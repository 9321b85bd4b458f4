package scenario

import (
	"fmt"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/internal/printable"
)

// asList puts what may stand for a list into one: a single element, or the elements of the only inner list.
func asList(n *yaml.Node, f *field) *yaml.Node {
	short := f.single && n.Kind == yaml.ScalarNode
	if f.flat && n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		short = true
		for _, c := range n.Content {
			short = short && c.Kind == yaml.ScalarNode
		}
	}
	if !short {
		return n
	}
	return &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}, Line: n.Line, Column: n.Column}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, f *field, path string, depth int) bool {
	if n.Kind != yaml.SequenceNode {
		d.fail(at(n), path, "write a list: [...]", "%s where a list belongs", what(n))
		return false
	}
	if !d.count(len(n.Content), f, path) {
		return false // before there is room for so many
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	ok := true
	element := f.element()
	for i, c := range n.Content {
		if d.stopped {
			return false
		}
		ok = d.value(c, out.Index(i), &element, path+"["+strconv.Itoa(i)+"]", depth+1) && ok
	}
	v.Set(out)
	return ok
}

// asMapping makes the mapping that a name or a list of names stands for: each has the default of what a scalar in its
// place stands for.
func asMapping(n *yaml.Node, f *field) *yaml.Node {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	} else if n.ShortTag() == "!!null" {
		list = nil
	} else if n.Kind != yaml.ScalarNode {
		return n
	}
	usual := shortFields(fieldsOf(f.typ.Elem(), nil))[0].def
	m := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
	for _, name := range list {
		m.Content = append(m.Content, name, &yaml.Node{
			Kind: yaml.ScalarNode, Tag: "!!str", Value: usual, Line: name.Line, Column: name.Column})
	}
	return m
}

// keyed decodes a mapping from names to elements into a list whose order is the file's.
func (d *decoder) keyed(n *yaml.Node, v reflect.Value, f *field, path string, depth int) bool {
	if f.bare {
		n = asMapping(n, f)
	}
	if n.Kind != yaml.MappingNode {
		d.fail(at(n), path, "write names with their properties: {NAME: {...}}", "%s where a mapping belongs", what(n))
		return false
	}
	all := d.pairs(n, path, depth)
	if !d.count(len(all), f, path) {
		return false
	}
	out := reflect.MakeSlice(v.Type(), 0, len(all))
	ok := true
	for _, p := range all {
		if d.stopped {
			return false
		}
		here := join(path, p.key.Value)
		d.where[here] = at(p.key)
		ok = d.spelling(p.key, f, here) && ok
		item := reflect.New(v.Type().Elem()).Elem()
		value := p.value
		if value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null" {
			value = &yaml.Node{Kind: yaml.MappingNode, Line: p.key.Line, Column: p.key.Column}
		}
		ok = d.value(value, item, &field{}, here, depth+1) && ok
		item.FieldByIndex(keyField(item.Type())).SetString(p.key.Value)
		out = reflect.Append(out, item)
	}
	v.Set(out)
	return ok
}

func (d *decoder) count(length int, f *field, path string) bool {
	if low, err := strconv.Atoi(f.min); err == nil && length < low {
		d.fail(d.position(path), path, fmt.Sprintf("write at least %d", low), "%s", printable.There(length, "element"))
		return false
	}
	if high, err := strconv.Atoi(f.max); err == nil && length > high {
		d.fail(d.position(path), path, fmt.Sprintf("write at most %d", high), "%s", printable.There(length, "element"))
		return false
	}
	return true
}
