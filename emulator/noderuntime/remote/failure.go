package remote

import (
	"context"
	"errors"
	"io/fs"

	"testbed/emulator/internal/peer"
	"testbed/emulator/noderuntime"
)

// failure is an error that crosses the connection: what it says, and which of the kinds it wraps.
type failure struct {
	Says  string
	Wraps []string `json:",omitempty"`
}

// kinds are the errors that callers tell apart.
var kinds = map[string]error{
	"not supported": noderuntime.ErrNotSupported,
	"no such node":  noderuntime.ErrNoSuchNode,
	"runs":          noderuntime.ErrRuns,
	"spec":          noderuntime.ErrSpec,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
	"peer":          peer.ErrOther,
	"not exist":     fs.ErrNotExist,
}

func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Says: err.Error()}
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			f.Wraps = append(f.Wraps, name)
		}
	}
	return f
}

// Error is what the error said there.
func (f *failure) Error() string { return f.Says }

// Unwrap are the kinds that it wrapped there.
func (f *failure) Unwrap() (wrapped []error) {
	for _, name := range f.Wraps {
		if kind, known := kinds[name]; known {
			wrapped = append(wrapped, kind)
		}
	}
	return wrapped
}

// asError keeps a nil failure from becoming an error that is not nil.
func (f *failure) asError() error {
	if f == nil {
		return nil
	}
	return f
}
