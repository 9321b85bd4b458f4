package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"testbed/emulator/catalogue"

	"go.yaml.in/yaml/v3"
)

// SchemaID is the identifier of the JSON Schema.
const SchemaID = "https://testbed.invalid/scenario.schema.json"

type object = map[string]any

// Schema is the JSON Schema (draft 2020-12) of scenario files that choose from c, for editors. It is made from the same
// struct tags that the decoder reads. What a schema cannot say (names that refer to others, the range of
// quantities with units, connectedness) only Parse checks.
func Schema(c *catalogue.Catalogue) []byte {
	g := generator{defs: object{}, catalogue: c}
	root := g.section(reflect.TypeFor[File]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "Testbed scenario"
	root["description"] = "Rates are such as 50Mbps, sizes 64MiB or 30kB, times 60ms, shares 0.1% or 0.001. " +
		"Keys that begin with " + extension + " are the author's own and mean nothing."
	root["$defs"] = g.defs
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil // not reached: maps of plain values
	}
	return append(out, '\n')
}

type generator struct {
	defs      object
	catalogue *catalogue.Catalogue
}

// value is the schema of a field's value.
func (g *generator) value(t reflect.Type, f *field) object {
	if s := scalars[t]; s != nil {
		return s.schema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.value(t.Elem(), f)
	case reflect.Struct:
		return g.reference(t)
	case reflect.Slice:
		return g.list(t, f)
	case reflect.Bool:
		if f.mark {
			return object{"enum": []any{true, nil}}
		}
		return object{"type": "boolean"}
	case reflect.Int:
		s := ranged(object{"type": "integer"}, f)
		if len(f.enum) > 0 {
			s["enum"] = numbers(f.enum)
		}
		return s
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0, "maximum": uint64(1<<63 - 1)}
	case reflect.Float64:
		return ranged(object{"type": "number"}, f)
	}
	s := object{"type": "string", "minLength": 1}
	if f.names {
		s["type"] = []string{"string", "number"} // whose digits are the name
	}
	if words := f.words(g.catalogue); len(words) > 0 {
		s = object{"enum": words}
	}
	if f.pattern != "" {
		s["pattern"] = f.pattern
	}
	return s
}

// numbers are those that a field may be.
func numbers(words []string) []any {
	all := make([]any, len(words))
	for i, w := range words {
		all[i], _ = strconv.Atoi(w)
	}
	return all
}

func ranged(s object, f *field) object {
	for key, limit := range map[string]string{"minimum": f.min, "maximum": f.max} {
		if x, err := strconv.ParseFloat(limit, 64); err == nil {
			s[key] = x
		}
	}
	return s
}

// schema of a quantity: its spelling, and its range where plain numbers are accepted.
func (s *scalar) schema() object {
	var either []object
	if s.pattern != nil {
		either = append(either, object{"type": "string", "pattern": s.pattern.String()})
	}
	if s.numbers {
		scale, _ := s.parse("1")
		either = append(either, object{"type": "number", "minimum": s.min / scale, "maximum": s.max / scale})
	}
	if len(either) == 1 {
		return either[0]
	}
	return object{"anyOf": either}
}

func (g *generator) list(t reflect.Type, f *field) object {
	element := f.element()
	item := g.value(t.Elem(), &element)
	s := object{"type": "array", "items": item}
	low, high := "minItems", "maxItems"
	if f.keyed {
		element := object{"anyOf": []object{g.value(t.Elem(), &field{}), {"type": "null"}}}
		s = object{"type": "object", "additionalProperties": element}
		low, high = "minProperties", "maxProperties"
		if f.pattern != "" {
			s["propertyNames"] = object{"pattern": f.pattern}
		}
	}
	for key, limit := range map[string]string{low: f.min, high: f.max} {
		if n, err := strconv.Atoi(limit); err == nil {
			s[key] = n
		}
	}
	if f.bare {
		name := object{"type": []string{"string", "number"}, "minLength": 1}
		if f.pattern != "" {
			name["pattern"] = f.pattern
		}
		list := object{"type": "array", "items": name, "minItems": 1, "uniqueItems": true}
		return object{"anyOf": []object{name, list, s}}
	}
	if f.single || f.flat {
		return object{"anyOf": []object{item, s}}
	}
	return s
}

// reference is a named section's place in $defs; two-way quantities, which have no name, are written out.
func (g *generator) reference(t reflect.Type) object {
	fields := fieldsOf(t, g.catalogue)
	short := shortFields(fields)
	if len(short) == 2 {
		both := g.section(t)
		both["anyOf"] = []object{{"required": []string{short[0].name}}, {"required": []string{short[1].name}}}
		return object{"anyOf": []object{g.value(fields[0].typ, &fields[0]), both}}
	}
	if _, done := g.defs[t.Name()]; !done {
		g.defs[t.Name()] = true // in work
		whole := g.section(t)
		if len(short) > 0 {
			whole = object{"anyOf": []object{g.value(short[0].typ, &short[0]), whole}}
		}
		g.defs[t.Name()] = whole
	}
	return object{"$ref": "#/$defs/" + t.Name()}
}

// section is the schema of a mapping.
func (g *generator) section(t reflect.Type) object {
	fields := fieldsOf(t, g.catalogue)
	properties, required := object{}, []string{}
	depends, dependent := object{}, object{}
	for i := range fields {
		f := &fields[i]
		if f.never {
			continue
		}
		p := g.value(f.typ, f)
		if doc := strings.TrimSpace(f.doc + " " + g.catalogue.Sentences(f.choice)); doc != "" {
			p["description"] = doc
		}
		if f.hasDef {
			var value any
			if yaml.Unmarshal([]byte(f.def), &value) == nil {
				p["default"] = value
			}
		}
		if other, two := properties[f.name].(object); two && f.listed {
			doc := fmt.Sprintf("%s %s", other["description"], p["description"])
			delete(other, "description")
			delete(p, "description")
			p = object{"anyOf": []object{other, p}, "description": doc}
		}
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
		if f.when.key != "" {
			depends[f.name] = only(f, fields)
		}
		if f.with != "" {
			dependent[f.name] = []string{f.with}
		}
	}
	s := object{"type": "object", "additionalProperties": false, "properties": properties,
		"patternProperties": object{"^" + extension: object{}}}
	for key, part := range map[string]object{"dependentSchemas": depends, "dependentRequired": dependent} {
		if len(part) > 0 {
			s[key] = part
		}
	}
	if len(required) > 0 {
		s["required"] = required
	}
	if rules := alternatives(fields); len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

// only says what the key of a when tag must be where the field is given.
func only(f *field, fields []field) object {
	key := find(fields, f.when.key)
	s := object{"properties": object{f.when.key: object{"enum": f.when.words}}}
	if !f.when.holds(key.def) {
		s["required"] = []string{f.when.key}
	}
	return s
}

// alternatives are the rules of the tags one and atmost.
func alternatives(fields []field) []object {
	var rules []object
	done := map[string]bool{}
	for _, f := range fields {
		group := f.one + f.atmost
		if group == "" || done[group] {
			continue
		}
		done[group] = true
		var each, any []object
		for _, name := range members(fields, group) {
			each = append(each, object{"required": []string{name}})
			any = append(any, object{"required": []string{name}})
		}
		if f.one == "" { // none at all is fine
			each = append(each, object{"not": object{"anyOf": any}})
		}
		rules = append(rules, object{"oneOf": each})
	}
	return rules
}
