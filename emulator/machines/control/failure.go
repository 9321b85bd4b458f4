package control

import "errors"

// Kinds are the errors, by names, that those who talk to one another tell apart.
type Kinds map[string]error

// Failure is an error that crosses a connection: what it says, and which of the kinds it wraps.
type Failure struct {
	Says  string
	Wraps []string `json:",omitempty"`
}

// Of is an error as it crosses; nil where there is none.
func (k Kinds) Of(err error) *Failure {
	if err == nil {
		return nil
	}
	f := &Failure{Says: err.Error()}
	for name, kind := range k {
		if errors.Is(err, kind) {
			f.Wraps = append(f.Wraps, name)
		}
	}
	return f
}

// Error is the error that crossed; nil where there was none.
func (k Kinds) Error(f *Failure) error {
	if f == nil {
		return nil
	}
	e := crossed{says: f.Says}
	for _, name := range f.Wraps {
		if kind, known := k[name]; known {
			e.wraps = append(e.wraps, kind)
		}
	}
	return e
}

// crossed is an error of the other side.
type crossed struct {
	says  string
	wraps []error
}

// Error is what the error said there.
func (e crossed) Error() string { return e.says }

// Unwrap are the kinds that it wrapped there.
func (e crossed) Unwrap() []error { return e.wraps }
