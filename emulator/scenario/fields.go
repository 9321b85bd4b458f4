package scenario

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/catalogue"
)

// element is the field of a list's elements: inner lists must not be empty.
func (f *field) element() field {
	e := *f
	e.min, e.max, e.flat, e.single = "", "", false, false
	if f.flat {
		e.min = "1"
	}
	return e
}

// words are the texts that are permitted; none: any.
func (f *field) words(c *catalogue.Catalogue) []string {
	return append(slices.Clone(f.enum), c.Names(f.choice)...)
}

type condition struct {
	key   string
	words []string
}

func (c condition) holds(word string) bool { return c.key == "" || slices.Contains(c.words, word) }

// fieldsOf lists the keys of a struct, those of inlined structs and of options in their place. Without a catalogue
// there is one field for all that are held by one of the struct, which encodes itself.
func fieldsOf(t reflect.Type, c *catalogue.Catalogue) []field {
	all := declared(t, c)
	for i := range all {
		f := &all[i]
		by := find(all, f.takes)
		if f.takes == "" || by == nil {
			continue
		}
		if words := c.Having(by.choice, f.name); len(words) < len(c.Names(by.choice)) {
			f.when = condition{f.takes, words}
		}
	}
	return all
}

func declared(t reflect.Type, c *catalogue.Catalogue) []field {
	var all []field
	for i := range t.NumField() {
		sf := t.Field(i)
		parts := strings.Split(sf.Tag.Get("yaml"), ",")
		switch options := parts[1:]; {
		case !sf.IsExported() || slices.Contains(options, "key"):
		case slices.Contains(options, "inline"):
			for _, f := range declared(sf.Type, c) {
				f.index = append([]int{i}, f.index...)
				all = append(all, f)
			}
		case slices.Contains(options, "options"):
			all = append(all, optionFields(sf, find(all, sf.Tag.Get("of")), c)...)
		case slices.Contains(options, "formats"):
			all = append(all, formatFields(sf, c)...)
		default:
			all = append(all, tagged(t, sf, parts[0], options))
		}
	}
	return all
}

// keyField is the index of the field that receives an element's name in a keyed list.
func keyField(t reflect.Type) []int {
	for i := range t.NumField() {
		if strings.HasSuffix(t.Field(i).Tag.Get("yaml"), ",key") {
			return []int{i}
		}
	}
	return nil
}

// shortFields are those that a scalar in the struct's place stands for.
func shortFields(fields []field) []field {
	return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return !f.short })
}

func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// fieldFor is the field of a key; of one that two share, that of lists where the value is a list. nil: there is none.
func fieldFor(fields []field, name string, value *yaml.Node) *field {
	for i := range fields {
		if f := &fields[i]; f.listed && f.name == name && unaliased(value).Kind == yaml.SequenceNode {
			return f
		}
	}
	return find(fields, name)
}

// unaliased is what an alias stands for.
func unaliased(n *yaml.Node) *yaml.Node {
	for depth := 0; n.Kind == yaml.AliasNode && n.Alias != nil && depth < maxDepth; depth++ {
		n = n.Alias
	}
	return n
}

func names(fields []field) []string {
	all := make([]string, 0, len(fields))
	for _, f := range fields {
		if !f.never && !f.listed {
			all = append(all, f.name)
		}
	}
	return all
}

// word is the text of the string field called key in struct v; empty where there is none.
func word(v reflect.Value, fields []field, key string) string {
	if f := find(fields, key); f != nil && f.held == alone && f.typ.Kind() == reflect.String {
		return v.FieldByIndex(f.index).String()
	}
	return ""
}
