package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Resolved prints the scenario as YAML with every default written out. Parse reads it back to the same
// scenario; paths in it are relative to the original file, as there.
func (s *Scenario) Resolved() ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(encode(reflect.ValueOf(s.File), &field{})); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return out.Bytes(), nil
}

// MarshalJSON is Resolved in JSON, which is YAML as well: Parse reads it.
func (s *Scenario) MarshalJSON() ([]byte, error) {
	return toJSON(nil, encode(reflect.ValueOf(s.File), &field{}))
}

// encode is the inverse of decoder.value; nil stands for an absent value.
func encode(v reflect.Value, f *field) *yaml.Node {
	if s := scalars[v.Type()]; s != nil {
		return encodeQuantity(v, s, f)
	}
	empty := v.IsZero() && !f.hasDef && !f.required
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		inner := *f
		inner.required = true
		return encode(v.Elem(), &inner)
	case reflect.Struct:
		return encodeSection(v)
	case reflect.Slice:
		return encodeList(v, f)
	case reflect.String:
		if empty || v.String() == "" {
			return nil
		}
		return text(v.String())
	}
	if empty {
		return nil
	}
	return number(v)
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func number(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode}
	switch {
	case v.CanInt():
		n.Tag, n.Value = "!!int", strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		n.Tag, n.Value = "!!int", strconv.FormatUint(v.Uint(), 10)
	case v.CanFloat():
		n.Value = strconv.FormatFloat(v.Float(), 'f', -1, 64)
		n.Tag = numberTag(n.Value)
	default:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(v.Bool())
	}
	return n
}

// numberTag is the tag that YAML finds by itself, so that none has to be written.
func numberTag(text string) string {
	if strings.ContainsAny(text, ".eE") {
		return "!!float"
	}
	return "!!int"
}

func encodeQuantity(v reflect.Value, s *scalar, f *field) *yaml.Node {
	if v.IsZero() && !f.hasDef && !f.required {
		return nil
	}
	value := 0.0
	if v.CanInt() {
		value = float64(v.Int())
	} else {
		value = v.Float()
	}
	n := text(s.format(value))
	if s.numbers {
		n.Tag = numberTag(n.Value)
	}
	return n
}

func encodeSection(v reflect.Value) *yaml.Node {
	fields := fieldsOf(v.Type(), nil)
	if node, same := encodeShort(v, fields); same {
		return node
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := range fields {
		f := &fields[i]
		if f.held != alone {
			n.Content = append(n.Content, encodeHeld(v.FieldByIndex(f.index))...)
			continue
		}
		if f.never || !f.when.holds(word(v, fields, f.when.key)) {
			continue
		}
		if c := encode(v.FieldByIndex(f.index), f); c != nil {
			n.Content = append(n.Content, text(f.name), c)
		}
	}
	return n
}

// encodeShort is the scalar that stands for two equal directions.
func encodeShort(v reflect.Value, fields []field) (*yaml.Node, bool) {
	short := shortFields(fields)
	if len(short) < 2 || len(short) != len(fields) {
		return nil, false
	}
	first := encode(v.FieldByIndex(short[0].index), &short[0])
	for i := range short[1:] {
		other := encode(v.FieldByIndex(short[1+i].index), &short[1+i])
		if first == nil || other == nil || first.Value != other.Value {
			return nil, false
		}
	}
	return first, true
}

// shortened is the scalar that stands for an element of a keyed list of which nothing else is given.
func shortened(n *yaml.Node, t reflect.Type) *yaml.Node {
	short := shortFields(fieldsOf(t, nil))
	if len(short) != 1 || len(n.Content) != 2 || n.Content[0].Value != short[0].name {
		return n
	}
	return n.Content[1]
}

func encodeList(v reflect.Value, f *field) *yaml.Node {
	if v.Len() == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	switch element := v.Type().Elem().Kind(); {
	case f.keyed:
		n.Kind = yaml.MappingNode
	case (f.single || f.flat) && v.Len() == 1:
		return encode(v.Index(0), &field{required: true})
	case element == reflect.String || element == reflect.Slice:
		n.Style = yaml.FlowStyle
	}
	for i := range v.Len() {
		item := v.Index(i)
		if f.keyed {
			n.Content = append(n.Content, text(item.FieldByIndex(keyField(item.Type())).String()))
		}
		one := encode(item, &field{required: true})
		if f.keyed {
			one = shortened(one, item.Type())
		}
		n.Content = append(n.Content, one)
	}
	return n
}

// toJSON appends the JSON of n, whose keys keep their order.
func toJSON(out []byte, n *yaml.Node) ([]byte, error) {
	switch n.Kind {
	case yaml.MappingNode:
		return toJSONList(out, n, '{', '}')
	case yaml.SequenceNode:
		return toJSONList(out, n, '[', ']')
	}
	if n.Tag != "!!str" {
		return append(out, n.Value...), nil
	}
	quoted, err := json.Marshal(n.Value)
	return append(out, quoted...), err
}

func toJSONList(out []byte, n *yaml.Node, begin, end byte) (_ []byte, err error) {
	out = append(out, begin)
	for i, c := range n.Content {
		switch {
		case i == 0:
		case begin == '{' && i%2 == 1:
			out = append(out, ':')
		default:
			out = append(out, ',')
		}
		if out, err = toJSON(out, c); err != nil {
			return nil, err
		}
	}
	return append(out, end), nil
}
