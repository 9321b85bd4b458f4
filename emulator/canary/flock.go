package canary

import (
	"context"
	"errors"
	"fmt"

	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/machines/control"
)

// Add adds what other probes came to.
func (r *Result) Add(o *Result) {
	r.Probes, r.Lost = r.Probes+o.Probes, r.Lost+o.Lost
	r.Late.Add(&o.Late)
}

// Machine is what the probes on one of several machines came to.
type Machine struct {
	Name string
	Result
}

// Flock are canaries on several machines, one on each.
type Flock struct {
	names []string
	all   []*Far
	ended []Machine
}

// Places are the machines of a flock.
type Places struct {
	Names, IDs []string
	At         func(id string) control.Opener
}

// StartFlock begins one on each machine, or on none.
func StartFlock(ctx context.Context, testbed string, p Places) (*Flock, error) {
	f := &Flock{names: p.Names, all: make([]*Far, len(p.IDs))}
	err := f.each(func(i int) (err error) {
		f.all[i], err = StartFar(ctx, p.At(p.IDs[i]), testbed, p.IDs[i], p.Names[i])
		return err
	})
	if err != nil {
		_, _ = f.Stop(ctx)
		return nil, err
	}
	return f, nil
}

// each does something of all machines at once.
func (f *Flock) each(do func(i int) error) error {
	failed := make(chan error, len(f.all))
	for i := range f.all {
		go func() { failed <- do(i) }()
	}
	var errs []error
	for range f.all {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// Report fails: what the machines tell, they tell at the end.
func (*Flock) Report(context.Context, uint64) (health.Report, error) {
	return health.Report{}, fmt.Errorf("canaries of several machines tell at their end only: %w", fabric.ErrNoHealth)
}

// Stop ends them, and says what all of them have measured together, also with an error.
func (f *Flock) Stop(ctx context.Context) (sum Result, err error) {
	results := make([]Result, len(f.all))
	err = f.each(func(i int) (err error) {
		if f.all[i] != nil {
			results[i], err = f.all[i].Stop(ctx)
		}
		return err
	})
	f.ended = nil
	for i := range results {
		sum.Add(&results[i])
		f.ended = append(f.ended, Machine{f.names[i], results[i]})
	}
	return sum, err
}

// Machines are what each of them had measured when they were stopped.
func (f *Flock) Machines() []Machine { return f.ended }
