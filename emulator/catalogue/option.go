package catalogue

import (
	"fmt"
	"slices"
)

// Option is a parameter of an entry, which a scenario gives beside the entry's name. Entries of a kind may share an
// option; it is then the same for all of them.
type Option struct {
	Name    string
	About   string  // without a full stop
	Unit    Unit    // of Default, Min, Max, and of the value chosen
	Default float64 // what an absent one is
	Min     float64 // least value allowed; it bounds nothing where Max is 0, too
	Max     float64 // largest value allowed
}

// Unit says what an option's number counts, and how it is written in a scenario.
type Unit string

// The units of options.
const (
	Number    Unit = ""      // of anything: 2.5
	Count     Unit = "count" // whole: 4
	PerSecond Unit = "1/s"   // 5/s, 30/min
	Seconds   Unit = "s"     // 60ms
	BitRate   Unit = "bit/s" // 50Mbps
	Bytes     Unit = "B"     // 64MiB
	Share     Unit = "share" // of 1: 0.1%
)

// Value is an option with what was chosen for it, in the option's unit.
type Value struct {
	Option
	Value float64
}

// Values are what was chosen for an entry's options.
type Values []Value

// Of is the value of an option, 0 where there is none of that name.
func (v Values) Of(name string) float64 {
	if i := slices.IndexFunc(v, func(o Value) bool { return o.Name == name }); i >= 0 {
		return v[i].Value
	}
	return 0
}

// Set is v with another value of an option.
func (v Values) Set(o Option, value float64) Values {
	if i := slices.IndexFunc(v, func(known Value) bool { return known.Name == o.Name }); i >= 0 {
		v[i].Value = value
		return v
	}
	return append(v, Value{o, value})
}

// Defaults are an entry's options with their defaults.
func (c *Catalogue) Defaults(kind, name string) Values {
	var values Values
	for _, o := range c.Describe(kind, name).Options {
		values = append(values, Value{o, o.Default})
	}
	return values
}

// Options are all options of a kind's entries, in order, each once.
func (c *Catalogue) Options(kind string) []Option {
	var all []Option
	for _, e := range c.of(kind) {
		for _, o := range e.Options {
			if !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
	}
	return all
}

// Having are the names of a kind's entries which have an option of that name, or take a key of that name.
func (c *Catalogue) Having(kind, option string) []string {
	var names []string
	for _, e := range c.of(kind) {
		has := slices.ContainsFunc(e.Options, func(o Option) bool { return o.Name == option })
		if has || slices.Contains(e.Takes, option) {
			names = append(names, e.Name)
		}
	}
	return names
}

// checkOptions panics where an entry means another thing by an option than one before it.
func (c *Catalogue) checkOptions(e entry) {
	for _, o := range e.Options {
		for _, known := range c.Options(e.kind) {
			if known.Name == o.Name && known != o {
				panic(fmt.Sprintf("catalogue: entries of the kind %s mean different things by the option %q", e.kind, o.Name))
			}
		}
	}
}
