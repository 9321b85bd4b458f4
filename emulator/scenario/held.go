package scenario

import (
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/catalogue"
	"testbed/emulator/units"
)

// holder says how the value of a key is kept where the key is not that of one field of the struct.
type holder uint8

const (
	alone   holder = iota // it is a field
	ofEntry               // it is one of the values of a catalogue.Values
	source                // it is an Import, by the format's name
)

// kinds are the types by which the options of a unit are read and written.
var kinds = map[catalogue.Unit]reflect.Type{
	catalogue.Number: reflect.TypeFor[float64](), catalogue.Count: reflect.TypeFor[int](),
	catalogue.PerSecond: reflect.TypeFor[PerSecond](), catalogue.Seconds: reflect.TypeFor[time.Duration](),
	catalogue.BitRate: reflect.TypeFor[units.BitRate](), catalogue.Bytes: reflect.TypeFor[units.ByteSize](),
	catalogue.Share: reflect.TypeFor[Fraction](),
}

// perUnit is how many of the type's units are one of the option's: nanoseconds in a second.
func perUnit(u catalogue.Unit) float64 {
	if u == catalogue.Seconds {
		return float64(time.Second)
	}
	return 1
}

// optionFields are the fields of a kind's options, whose entry is chosen by a key.
func optionFields(sf reflect.StructField, by *field, c *catalogue.Catalogue) []field {
	if c == nil {
		return []field{{index: sf.Index, held: ofEntry}}
	}
	var all []field
	for _, o := range c.Options(by.choice) {
		f := field{name: o.Name, index: sf.Index, typ: kinds[o.Unit], doc: o.About + ".", held: ofEntry, option: o,
			when: condition{by.name, c.Having(by.choice, o.Name)}, hasDef: true}
		f.def = f.written(o.Default)
		if o.Min != 0 || o.Max != 0 {
			f.min, f.max = f.written(o.Min), f.written(o.Max)
		}
		all = append(all, f)
	}
	return all
}

// formatFields are the fields of a kind's formats: each is a key, whose value is the path of what it reads.
func formatFields(sf reflect.StructField, c *catalogue.Catalogue) []field {
	if c == nil {
		return []field{{index: sf.Index, held: source}}
	}
	var all []field
	for _, e := range c.All(sf.Tag.Get("choice")) {
		all = append(all, field{name: e.Name, index: sf.Index, typ: reflect.TypeFor[string](), doc: e.About + ".",
			one: sf.Tag.Get("one"), held: source})
	}
	return all
}

// written is an option's value, in its unit, as in the file.
func (f *field) written(value float64) string {
	if s := scalars[f.typ]; s != nil {
		return s.format(value * perUnit(f.option.Unit))
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// target is where the field's value in struct v is decoded to. What is held goes to its place by keep.
func (f *field) target(v reflect.Value) reflect.Value {
	if f.held != alone {
		return reflect.New(f.typ).Elem()
	}
	return v.FieldByIndex(f.index)
}

// keep puts a value that was decoded to the target in its place in struct v.
func (f *field) keep(v, target reflect.Value) {
	if f.held == alone {
		return
	}
	if f.held == source {
		v.FieldByIndex(f.index).Set(reflect.ValueOf(Import{f.name, target.String()}))
		return
	}
	value := 0.0
	if target.CanInt() {
		value = float64(target.Int())
	} else {
		value = target.Float()
	}
	values := v.FieldByIndex(f.index)
	values.Set(reflect.ValueOf(values.Interface().(catalogue.Values).Set(f.option, value/perUnit(f.option.Unit))))
}

// encodeHeld gives what a field of a struct holds as keys and values.
func encodeHeld(v reflect.Value) []*yaml.Node {
	var all []*yaml.Node
	switch held := v.Interface().(type) {
	case Import:
		if held.Path != "" {
			all = append(all, text(held.Format), text(held.Path))
		}
	case catalogue.Values:
		for _, o := range held {
			value := reflect.New(kinds[o.Unit]).Elem()
			if base := o.Value * perUnit(o.Unit); value.CanInt() {
				value.SetInt(int64(base))
			} else {
				value.SetFloat(base)
			}
			all = append(all, text(o.Name), encode(value, &field{required: true}))
		}
	}
	return all
}
