// Package experiment carries a scenario out many times over: factors × levels × repetitions, where a factor is a key
// of the scenario's file and its levels are values of it. A combination of levels with the number of a repetition is a
// cell. Cells are executed by emulation, by predictors, or by both; what is finished goes into a journal at once, so
// that an experiment that was killed goes on, and one that is extended executes only what is new. What comes out are
// tidy tables: a row a chain, a row a step, a row a cell, with every factor as a column.
package experiment

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/scenario"
)

// Emulation is the engine that measures. All others are predictors of the catalogue.
const Emulation = "emulation"

// ErrInput is wrapped by errors about what an experiment says; nothing was begun.
var ErrInput = errors.New("the experiment cannot be carried out")

// The orders in which cells are executed. Tables have them in the stated one always.
const (
	Random = "random" // what changes on the host over hours is then not taken for a factor's effect
	Stated = "stated" // the last factor changes fastest, then come the repetitions
)

// Bounds of an experiment.
const (
	maxCells   = 100_000
	maxRepeat  = 10_000
	maxFactors = 100
	maxFigures = 1000
	maxAlso    = 1000     // keys that one level sets beside its factor's
	maxLevel   = 16 << 10 // bytes of a level, which stands in each row of its cells
)

// Spec says what an experiment consists of.
type Spec struct {
	Name     string   // of the experiment; empty: the scenario's
	File     string   // path of the scenario that is varied, the base of the paths in it
	Text     []byte   // its content
	Factors  []Factor // in the order of columns
	Repeat   int      // repetitions of every combination, from 1
	SameSeed bool     // repetitions differ in nothing; otherwise each draws jobs, clients and arrivals of its own
	Order    string   // Random or Stated
	Seed     uint64   // of the random order
	Engines  []string // Emulation, names of predictors; the first is what summary and figures speak of
	Figures  []string // formulas: network_s~uplink,model
}

// Factor is a key that takes several values.
type Factor struct {
	Name   string  // of its column; empty: made of the key
	Key    string  // path of the value, as of scenario.Setting
	Levels []Level // in the order stated
}

// Level is a value of a factor.
type Level struct {
	Text      string // in YAML
	From      string // who says so, for errors: a flag, or a file
	Line, Col int    // in that file; 0: it has no lines
	Also      []Also // other keys that it sets
}

// Also is a key that a level sets beside its factor's, which is no factor of its own.
type Also struct {
	Key   string `json:"key"`
	Value string `json:"value"` // in YAML
}

// settings are the level as those of a scenario, its factor's own first.
func (f *Factor) settings(level int) []scenario.Setting {
	l := f.Levels[level]
	all := []scenario.Setting{{Key: f.Key, Value: l.Text, From: l.From, Line: l.Line, Col: l.Col}}
	for _, a := range l.Also {
		all = append(all, scenario.Setting{Key: a.Key, Value: a.Value, From: l.From, Line: l.Line, Col: l.Col})
	}
	return all
}

// column is the name of the factor's column, without a unit: its own, or its key with an underscore for whatever
// is neither letter nor digit, so that it is a name for pandas and R as it is.
func (f *Factor) column() string {
	if f.Name != "" {
		return f.Name
	}
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, f.Key), "_")
	for strings.Contains(name, "__") {
		name = strings.ReplaceAll(name, "__", "_")
	}
	return name
}

// Check reports all that is wrong with a specification but the levels themselves, which scenarios judge. Its errors
// wrap ErrInput. It may be somebody else's: how much there is of anything is looked at first.
func (s *Spec) Check(c *catalogue.Catalogue) error {
	known := append([]string{Emulation}, c.Names(catalogue.Predictors)...)
	errs := s.bounded(known)
	if len(errs) == 0 {
		errs = s.check(known)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return nil
}

// bounded says what there is too much of; known are the engines that there are.
func (s *Spec) bounded(known []string) (errs []error) {
	if s.Repeat < 1 || s.Repeat > maxRepeat {
		errs = append(errs, fmt.Errorf("there are %d repetitions; from 1 to %d are possible", s.Repeat, maxRepeat))
	}
	for _, of := range []struct {
		what        string
		count, most int
	}{{"factors", len(s.Factors), maxFactors}, {"figures", len(s.Figures), maxFigures},
		{"engines", len(s.Engines), 2 * len(known)}} {
		if of.count > of.most {
			errs = append(errs, fmt.Errorf("there are %d %s; at most %d are possible", of.count, of.what, of.most))
		}
	}
	cells := max(s.Repeat, 1)
	for i := range s.Factors {
		if cells *= max(len(s.Factors[i].Levels), 1); cells > maxCells {
			return append(errs, fmt.Errorf("there are more than %d cells; leave out levels or repetitions", maxCells))
		}
	}
	for i := range s.Factors {
		for _, l := range s.Factors[i].Levels {
			switch {
			case len(l.Text) > maxLevel:
				return append(errs, fmt.Errorf("%.64s: the level %.64s... has %d bytes; at most %d are possible",
					s.Factors[i].Key, l.Text, len(l.Text), maxLevel))
			case len(l.Also) > maxAlso:
				return append(errs, fmt.Errorf("%.64s=%.64s sets %d other keys; at most %d are possible", s.Factors[i].Key,
					l.Text, len(l.Also), maxAlso))
			}
		}
	}
	return errs
}

func (s *Spec) check(known []string) (errs []error) {
	for _, e := range s.Engines {
		if !slices.Contains(known, e) {
			errs = append(errs, fmt.Errorf("the engine %q is unknown; %s", e, scenario.Suggest(e, known)))
		}
	}
	if twice(s.Engines) || len(s.Engines) == 0 {
		errs = append(errs, fmt.Errorf("give each engine once, of %s", strings.Join(known, ", ")))
	}
	if s.Order != Random && s.Order != Stated {
		errs = append(errs, fmt.Errorf("the order %q is unknown; write %s or %s", s.Order, Random, Stated))
	}
	var keys, names []string
	for i := range s.Factors {
		f := &s.Factors[i]
		keys, names = append(keys, f.Key), append(names, f.column())
		errs = append(errs, f.check())
	}
	if twice(keys) {
		errs = append(errs, errors.New("a key is varied twice; give all of its levels at one place"))
	} else if twice(names) {
		errs = append(errs, errors.New("two factors have the same name; give one of them another"))
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func (f *Factor) check() error {
	var texts []string
	for _, l := range f.Levels {
		texts = append(texts, l.Text)
	}
	switch {
	case f.Key == "":
		return errors.New("a factor has no key: write KEY=LEVEL,LEVEL")
	case len(f.Levels) == 0:
		return fmt.Errorf("%s has no levels", f.Key)
	case twice(texts):
		return fmt.Errorf("%s has a level twice; give --repeat for repetitions", f.Key)
	case f.Name != "" && !plain(f.Name):
		return fmt.Errorf("the name %q of a factor has other characters than letters, digits and underscores, "+
			"or begins with a digit", f.Name)
	}
	return nil
}

// plain says whether a name can be one of a variable.
func plain(name string) bool {
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' && i > 0
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

func twice(all []string) bool {
	seen := make(map[string]bool, len(all))
	for _, one := range all {
		if seen[one] {
			return true
		}
		seen[one] = true
	}
	return false
}

// Predictors are the engines that predict.
func (s *Spec) Predictors() []string {
	return slices.DeleteFunc(slices.Clone(s.Engines), func(e string) bool { return e == Emulation })
}

// Emulates says whether cells are measured.
func (s *Spec) Emulates() bool { return slices.Contains(s.Engines, Emulation) }
