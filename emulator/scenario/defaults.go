package scenario

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// standIn sets an absent field to its default; absent sections get those of their keys.
func (d *decoder) standIn(v reflect.Value, f *field, fields []field, path string) {
	if !f.when.holds(word(v, fields, f.when.key)) {
		return
	}
	target := f.target(v)
	text := f.def
	if !f.hasDef {
		if target.Kind() != reflect.Struct {
			return
		}
		text = "{}"
	}
	if n := d.parsed(text); n != nil {
		scratch := decoder{file: d.file, where: map[string]position{}, catalogue: d.catalogue, structs: d.structs}
		scratch.value(n, target, f, join(path, f.name), 0)
		f.keep(v, target)
	}
}

// parsed is the YAML of a default, of which a file may need tens of thousands; nil: it is none.
func (d *decoder) parsed(text string) *yaml.Node {
	n, known := d.defaults[text]
	if !known {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err == nil && len(doc.Content) == 1 {
			n = doc.Content[0]
		}
		if d.defaults == nil {
			d.defaults = map[string]*yaml.Node{}
		}
		d.defaults[text] = n
	}
	return n
}
