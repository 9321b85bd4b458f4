package scenario

import (
	"math"
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/units"
)

// Value is what a setting's value amounts to.
type Value struct {
	Text   string  // as given
	Number float64 // in the base unit; NaN: it is no number
	Unit   string  // for names of columns: bps, bytes, s, per_s; empty: none
}

// suffixes are the units of quantities in names of columns, with how many of the type's units one of them is.
var suffixes = map[reflect.Type]struct {
	unit string
	per  float64
}{
	reflect.TypeFor[units.BitRate](): {"bps", 1}, reflect.TypeFor[units.ByteSize](): {"bytes", 1},
	reflect.TypeFor[time.Duration](): {"s", 1e9}, reflect.TypeFor[Fraction](): {"", 1},
	reflect.TypeFor[Cores](): {"", 1000}, reflect.TypeFor[PerSecond](): {"per_s", 1},
}

// valueOf is what a value amounts to at the place where the walk has ended.
func (w *walk) valueOf(n *yaml.Node, text string) Value {
	v := Value{Text: text, Number: math.NaN()}
	t := w.typ
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && scalars[t] == nil { // two directions of one quantity, or what is short for a section
		if short := shortFields(w.fieldsOf(t)); len(short) == 1 || len(short) == 2 {
			t = short[0].typ
		}
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	s := scalars[t]
	v.Unit = suffixes[t].unit
	if n.Kind != yaml.ScalarNode {
		return v
	}
	tag := n.ShortTag()
	number := tag == "!!int" || tag == "!!float"
	if s != nil {
		if value, wrong, _ := s.read(n.Value, number); wrong == "" {
			v.Number = value / suffixes[t].per
		}
	} else if x, err := strconv.ParseFloat(n.Value, 64); number && err == nil && t.Kind() != reflect.String {
		v.Number = x
	}
	return v
}
