package scenario

import (
	"reflect"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
)

// field is what the struct tags say of one key of the file. Decoder, encoder and schema read nothing
// else, so that they cannot disagree on which keys there are.
//
//	yaml     name, then: required; short (a scalar in the mapping's place stands for this key);
//	         keyed (a mapping from names to elements); key (receives that name); inline; mark (a
//	         truth value that the key alone, without a value, makes true); single (a list for which
//	         one element may stand); flat (a list of lists for which one inner list may stand);
//	         never (a key that is refused; doc is the remedy); quiet (values are not repeated in errors);
//	         names (texts that name something, so that a number stands for its digits); options (in the place of
//	         which the options of an entry of the catalogue stand); formats (in the place of which the names of a
//	         kind's entries stand, as keys of paths)
//	doc      one sentence or two, for the schema
//	default  YAML that stands in for an absent key
//	min, max range of a number or quantity; of a list, its length
//	pattern  regular expression of a text, of a list's elements or of a mapping's names
//	enum     permitted words, separated by |
//	of       of options: the key whose entry of the catalogue has them. Each is a field of its own, with the entries
//	         that have it for its when
//	takes    the key whose entry of the catalogue decides, by its Takes, whether this key has a meaning
//	choice   a kind of the catalogue, whose names are permitted besides; its sentences follow the doc
//	one      exactly one of the fields with this word must be given; atmost: no more than one
//	with     another key that must be given as well
//	when     KEY=WORD|WORD: only where KEY is one of the words
type field struct {
	name     string
	index    []int
	typ      reflect.Type
	required bool
	short    bool
	keyed    bool
	mark     bool
	single   bool
	flat     bool
	never    bool
	quiet    bool
	names    bool
	doc      string
	def      string
	hasDef   bool
	min, max string
	pattern  string
	enum     []string
	choice   string
	takes    string
	held     holder
	option   catalogue.Option // held among options
	one      string
	atmost   string
	with     string
	when     condition
}

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
			all = append(all, tagged(sf, parts[0], options))
		}
	}
	return all
}

func tagged(sf reflect.StructField, name string, options []string) field {
	f := field{
		name: name, index: sf.Index, typ: sf.Type,
		required: slices.Contains(options, "required"),
		short:    slices.Contains(options, "short"),
		keyed:    slices.Contains(options, "keyed"),
		mark:     slices.Contains(options, "mark"),
		single:   slices.Contains(options, "single"),
		flat:     slices.Contains(options, "flat"),
		never:    slices.Contains(options, "never"),
		quiet:    slices.Contains(options, "quiet"),
		names:    slices.Contains(options, "names"),
		doc:      sf.Tag.Get("doc"),
		min:      sf.Tag.Get("min"), max: sf.Tag.Get("max"),
		pattern: sf.Tag.Get("pattern"), choice: sf.Tag.Get("choice"), takes: sf.Tag.Get("takes"),
		one: sf.Tag.Get("one"), atmost: sf.Tag.Get("atmost"), with: sf.Tag.Get("with"),
	}
	f.def, f.hasDef = sf.Tag.Lookup("default")
	if e := sf.Tag.Get("enum"); e != "" {
		f.enum = strings.Split(e, "|")
	}
	if key, words, ok := strings.Cut(sf.Tag.Get("when"), "="); ok {
		f.when = condition{key, strings.Split(words, "|")}
	}
	return f
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

func names(fields []field) []string {
	all := make([]string, 0, len(fields))
	for _, f := range fields {
		if !f.never {
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
