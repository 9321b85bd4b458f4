package exchange

import (
	"errors"
	"maps"
	"slices"
)

// Failure is an error that crosses a connection: what it says, and which of the kinds it wraps.
type Failure struct {
	Says  string
	Wraps []string `json:",omitempty"`
}

// Kinds are the errors that callers tell apart, by what they are called on the way.
type Kinds map[string]error

// Of makes an error a failure; nil of nil.
func (k Kinds) Of(err error) *Failure {
	if err == nil {
		return nil
	}
	f := &Failure{Says: err.Error()}
	for _, name := range slices.Sorted(maps.Keys(k)) {
		if errors.Is(err, k[name]) {
			f.Wraps = append(f.Wraps, name)
		}
	}
	return f
}

// Error makes a failure an error that says and wraps the same; nil of nil.
func (k Kinds) Error(f *Failure) error {
	if f == nil {
		return nil
	}
	e := &failed{says: f.Says}
	for _, name := range f.Wraps {
		if kind, known := k[name]; known {
			e.wrapped = append(e.wrapped, kind)
		}
	}
	return e
}

type failed struct {
	says    string
	wrapped []error
}

// Error is what the error said at the other side.
func (f *failed) Error() string { return f.says }

// Unwrap are the kinds that it wrapped there.
func (f *failed) Unwrap() []error { return f.wrapped }
