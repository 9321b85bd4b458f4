package emulator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"testbed/emulator/internal/printable"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/orchestrator"
)

// RemoveFrom takes a testbed down of which this host has no record, on machines that are named: what can be proved to
// be of one that this host brought up. It is for a record that was lost; where there is one it does what Remove does.
// Where a machine does not answer the error wraps carrier.ErrUnreachable. unproved says that what looks like the
// testbed's goes as well, such as of a controller that is gone with its key; what is left alone for want of a proof is
// named.
func (h *Host) RemoveFrom(
	ctx context.Context, name string, spec machines.Spec, unproved bool, progress func(string),
) (alone []string, err error) {
	if err := orchestrator.CheckName(name); err != nil {
		return nil, input(err)
	}
	recorded := false
	err = h.Alone(ctx, name, func() (err error) { // nobody brings one of its name up meanwhile
		_, unread := h.Store.Read(name)
		recorded = !errors.Is(unread, fs.ErrNotExist) && !errors.Is(unread, orchestrator.ErrJournal)
		if !recorded {
			alone, err = h.removeFrom(ctx, name, spec, unproved, progress)
		}
		return err
	})
	if recorded {
		err = h.Remove(ctx, name, false, progress)
	}
	return alone, err
}

// removeFrom is RemoveFrom for who has the testbed's lock, and no record of it.
func (h *Host) removeFrom(
	ctx context.Context, name string, spec machines.Spec, unproved bool, progress func(string),
) (alone []string, err error) {
	found, unfit, err := h.reached(ctx, spec)
	if err != nil {
		return nil, err
	}
	progress("removing " + name)
	s := &orchestrator.Spread{Carrier: carrierOf(spec), Partition: machines.Partition{Machines: found}}
	var mu sync.Mutex
	a := agents{host: h, alone: func(names []string) {
		mu.Lock()
		defer mu.Unlock()
		alone = append(alone, names...)
	}}
	if !unproved {
		if err := a.ours(ctx, name, s); err != nil {
			return nil, err
		}
	} else {
		unfit = append(unfit, a.seize(ctx, name, s)...)
	}
	left, err := a.End(ctx, name, s, found, nil)
	for _, u := range left {
		unfit = append(unfit, u.String())
	}
	return alone, errors.Join(err, leftAt(name, unfit))
}

// seize removes what looks like a testbed's, and says where it could not.
func (a agents) seize(ctx context.Context, testbed string, s *orchestrator.Spread) (unfit []string) {
	c, err := a.carrier(s)
	if err != nil {
		return []string{err.Error()}
	}
	defer func() { _ = c.Close() }()
	on := s.Partition.Machines
	_, left, err := carrier.Sweep(ctx, c, a.launch(testbed), on, func(agent *carrier.Agent) error {
		return agent.Runtime().Seize(ctx, testbed)
	})
	if err != nil {
		return []string{err.Error()}
	}
	for _, u := range left {
		unfit = append(unfit, u.String())
	}
	return unfit
}

// missing are the machines of those that were to be asked, and are not known yet to be left, on which something may be
// because one could not be asked: that machine, or, where what could not be asked is none of the testbed's machines but
// what has them all, as the manager of a Swarm, all of them.
func missing(known []carrier.Unfit, u carrier.Unfit, of, asked []machines.Machine) (more []carrier.Unfit) {
	same := func(m machines.Machine) bool { return m.ID == u.Machine.ID }
	one := slices.ContainsFunc(of, same)
	for _, m := range asked {
		if (!one || same(m)) && !slices.ContainsFunc(known, func(k carrier.Unfit) bool { return k.Machine.ID == m.ID }) {
			more = append(more, carrier.Unfit{Machine: m, Why: u.Why})
		}
	}
	return more
}

// leftAt says on which machines something of a testbed may still be; nil: on none.
func leftAt(name string, unfit []string) error {
	if len(unfit) == 0 {
		return nil
	}
	const text = "what is of %s was removed, but for what may be on %s:\n  %s\n" +
		"the same command finishes once they are back: %w"
	return fmt.Errorf(text, name, printable.Count(len(unfit), "machine"), strings.Join(unfit, "\n  "),
		carrier.ErrUnreachable)
}

// looking is what agents are for that look for testbeds: no testbed can be called so.
const looking = "(looking)"

// AllOn names the testbeds of which anything can be proved to be this host's on machines that are named. It fails where
// a machine does not answer.
func (h *Host) AllOn(ctx context.Context, spec machines.Spec) ([]string, error) {
	if err := named(spec); err != nil {
		return nil, err
	}
	c, err := h.carrier(spec, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	fit, others, err := c.Machines(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var names []string
	_, left, err := carrier.Sweep(ctx, c, agents{host: h}.launch(looking), fit, func(a *carrier.Agent) error {
		nodes, err := a.Runtime().Find(ctx, "")
		mu.Lock()
		defer mu.Unlock()
		for _, n := range nodes {
			names = append(names, n.Testbed)
		}
		return err
	})
	names = slices.DeleteFunc(names, func(name string) bool { return orchestrator.CheckName(name) != nil })
	slices.Sort(names)
	for _, u := range append(others, left...) {
		err = errors.Join(err, fmt.Errorf("%s: %w", u, carrier.ErrUnreachable))
	}
	return slices.Compact(names), err
}
