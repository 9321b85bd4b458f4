package events

import (
	"errors"
	"fmt"

	"testbed/emulator/scenario"
)

// Fault is what is wrong with an event.
type Fault struct {
	Path   string // of the value, as the scenario's errors have it: events[2].set
	Remedy string // empty: Err says it
	Err    error
}

func (f *Fault) Error() string {
	if f.Remedy == "" {
		return f.Path + ": " + f.Err.Error()
	}
	return f.Path + ": " + f.Err.Error() + "; " + f.Remedy
}

// Unwrap gives what is wrong.
func (f *Fault) Unwrap() error { return f.Err }

// fault is what is wrong with a key of an event, which may be empty; of several joined errors one for each.
func fault(event int, key, remedy string, err error) error {
	path := fmt.Sprintf("events[%d]%s", event, key)
	var all []error
	for _, one := range scenario.Flatten(err) {
		all = append(all, &Fault{path, remedy, one})
	}
	return errors.Join(all...)
}
