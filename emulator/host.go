// Package emulator is testbed as a library: what the command line does beyond parsing and printing. A Host brings
// scenarios up as testbeds, finds them again and takes them down; a Bed is one that is up, the one owner of its
// network and nodes; Run replays a workload on it and leaves a run's directory behind.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/doctor"
	"testbed/emulator/machines"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
	"testbed/emulator/verify"
)

// ErrInput is wrapped by errors about what the caller gave: a scenario, a name, a value. Nothing was done.
var ErrInput = errors.New("invalid input")

// input marks an error as the caller's to mend.
func input(err error) error {
	if err == nil || errors.Is(err, ErrInput) {
		return err
	}
	return &inputError{err}
}

func inputf(format string, args ...any) error { return input(fmt.Errorf(format, args...)) }

// inputError says what its cause says, and nothing more.
type inputError struct{ error }

func (e *inputError) Unwrap() []error { return []error{e.error, ErrInput} }

// Host is a machine that testbeds run on.
type Host struct {
	*orchestrator.Host
	Version string // of this program, for journals and manifests
	// Prune removes the node images that nothing uses, and names those that nothing proves to be testbed's; nil:
	// there are no images.
	Prune func(context.Context) (removed, left []string, err error)
	// Try tries, before Up makes anything, what it is going to do; nil: nothing is tried.
	Try orchestrator.Trial
	// Catalogue is what scenarios choose from; nil: what is built in.
	Catalogue *catalogue.Catalogue
	// Prober is what links are measured with; nil: packets.
	Prober verify.Prober
	// Inventory finds the machines that a list means, with what is known of each: the Swarm's that can be used, or all
	// that are listed. It says which cannot be used, and why. nil: only lists are understood, as they are.
	Inventory func(context.Context, machines.Spec) (found []machines.Machine, unfit []string, err error)
}

// UpOptions say how a scenario is brought up.
type UpOptions struct {
	Name     string       // of the testbed; empty: the scenario's
	Runtime  string       // auto, or one of the host's runtimes; empty: the scenario's
	Fabric   string       // auto, or one of the host's fabrics; empty: the scenario's
	Progress func(string) // told of each phase; may be nil
	// Machines are those over which it is spread; nil: this one has it all.
	Machines *CutOptions
	// Image is a reference to an image with this program as /testbed that the machines' engines have, for agents; empty:
	// this program makes one.
	Image string
}

// Load reads a scenario's file, which chooses from what is built in, and works it out. Its errors wrap ErrInput.
func Load(path string) (*resolved.Scenario, error) { return load(path, Catalogue()) }

// Load is Load of a scenario that chooses from the host's catalogue.
func (h *Host) Load(path string) (*resolved.Scenario, error) { return load(path, h.catalogue()) }

func (h *Host) catalogue() *catalogue.Catalogue {
	if h.Catalogue != nil {
		return h.Catalogue
	}
	return Catalogue()
}

func load(path string, c *catalogue.Catalogue) (*resolved.Scenario, error) {
	s, err := scenario.Load(path, c)
	if err != nil {
		return nil, input(err)
	}
	e, err := resolved.Prepare(s)
	return e, input(err)
}

// Desired is what Up would make.
func (h *Host) Desired(ctx context.Context, e *resolved.Scenario, o UpOptions) (*orchestrator.Desired, error) {
	r, err := h.request(e, o)
	if err == nil && o.Machines != nil {
		err = h.spread(ctx, e, r, o)
	}
	if err != nil {
		return nil, err
	}
	if err := h.Host.Check(*r); err != nil {
		return nil, input(err)
	}
	return r.Desired()
}

// Check refuses, with errors that wrap ErrInput, what no runtime that the scenario names can start, such as limits
// that are too low for an engine. It makes nothing, and needs neither an engine nor a privilege.
func (h *Host) Check(e *resolved.Scenario) error {
	r, err := h.request(e, UpOptions{})
	if err != nil {
		return err
	}
	return input(h.Host.Check(*r))
}

// Up brings a scenario up, and returns when every node's FaaS is ready and every link is shaped. On an error or
// the end of ctx it removes what it made.
func (h *Host) Up(ctx context.Context, e *resolved.Scenario, o UpOptions) (*Bed, error) {
	r, err := h.request(e, o)
	if err != nil {
		return nil, err
	}
	if o.Machines != nil {
		if err := h.spread(ctx, e, r, o); err != nil {
			return nil, err
		}
	}
	b, err := h.Host.Up(ctx, *r)
	if err != nil {
		return nil, err
	}
	return &Bed{Bed: b, host: h, scenario: e}, nil
}

// Open finds a testbed that is up. Where name is empty and exactly one is up, it takes that one.
func (h *Host) Open(ctx context.Context, name string) (*Bed, error) {
	known, err := h.Store.Names()
	switch {
	case err != nil:
		return nil, err
	case name == "" && len(known) > 1:
		return nil, inputf("several testbeds are up: choose one of %s with --name", strings.Join(known, ", "))
	case name != "":
		if err := orchestrator.CheckName(name); err != nil {
			return nil, input(err)
		}
	}
	b, err := h.Host.Open(ctx, name)
	if errors.Is(err, orchestrator.ErrNotRunning) && name != "" && len(known) > 0 && !slices.Contains(known, name) {
		err = fmt.Errorf("%w; %s", err, scenario.Suggest(name, known))
	}
	if err != nil {
		return nil, err
	}
	return &Bed{Bed: b, host: h}, nil
}

// Diagnose says what the host offers, and what follows.
func (h *Host) Diagnose(ctx context.Context) doctor.Diagnosis {
	try := h.Try
	if try == nil {
		try = doctor.Trial(h.catalogue())
	}
	d := doctor.Diagnose(ctx, h.Host, try)
	d.Capabilities = append(d.Capabilities, h.capacityLine())
	return d
}

// Statuses says how every testbed of the host is.
func (h *Host) Statuses(ctx context.Context) ([]orchestrator.Status, error) {
	names, err := h.All(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]orchestrator.Status, len(names))
	for i, name := range names {
		all[i] = h.Status(ctx, name)
	}
	return all, nil
}

// Name is the testbed that is meant where none is named: the only one there is. It is empty where there is none.
func (h *Host) Name(ctx context.Context) (string, error) {
	names, err := h.All(ctx)
	if err != nil {
		return "", err
	}
	if known, _ := h.Store.Names(); len(known) == 1 {
		names = known // what others left without a record is for --all
	}
	if len(names) > 1 {
		all := strings.Join(names, ", ")
		return "", inputf("several testbeds are there: choose one of %s with --name, or take --all", all)
	}
	if len(names) == 0 {
		return "", nil
	}
	return names[0], nil
}

// Remove takes a testbed down, in whatever state it is. With forget its record goes even where what a lost engine
// had cannot be removed. It fails with orchestrator.ErrNotRunning where there is nothing of that name.
func (h *Host) Remove(ctx context.Context, name string, forget bool, progress func(string)) error {
	if err := orchestrator.CheckName(name); err != nil {
		return input(err)
	}
	there, err := h.there(ctx, name)
	if err != nil {
		return err
	}
	do := h.Down
	if forget {
		do = h.Forget
	}
	// What cannot be found may still be there, as a network without a record: it is tried in any case.
	if err := do(ctx, name, progress); err != nil || there {
		return err
	}
	remedy := "`testbed ls` lists those that are there"
	if known, err := h.Store.Names(); err == nil && len(known) > 0 {
		remedy = scenario.Suggest(name, known)
	}
	return fmt.Errorf("there is no testbed %s: %w; %s", name, orchestrator.ErrNotRunning, remedy)
}

// there says whether anything is there of a testbed.
func (h *Host) there(ctx context.Context, name string) (bool, error) {
	if _, err := os.Lstat(h.Store.Dir(name)); err == nil {
		return true, nil
	}
	names, err := h.All(ctx)
	for _, n := range names {
		if n == name {
			return true, nil
		}
	}
	return false, err
}
