package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/fabric"
	"testbed/emulator/machines"
	"testbed/emulator/machines/cut"
	"testbed/emulator/noderuntime"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// CutOptions say among which machines a scenario is to be cut.
type CutOptions struct {
	Machines machines.Spec
	Floor    time.Duration    // the least delay of a crossing; 0: cut.DefaultFloor
	Pairs    []machines.Floor // measured floors between machines, by their order in the list
	ByRates  bool             // what crosses is judged by links' rates, not by the bytes of the workload
}

// Cut is how a scenario is spread over several machines, before anything is made.
type Cut struct {
	*cut.Result // nil: there is no cut
	Machines    []machines.Machine
	// Unfit are machines that cannot be used, and why; those that were listed are among Machines all the same.
	Unfit   []string
	Refused []cut.Problem // what keeps the scenario from these machines
}

// Cut finds out which machine is to carry which node of a scenario. What the scenario or the machines make impossible
// is in Cut.Refused; it fails, wrapping ErrInput, where a machine that the scenario names is not among those given, and
// with another error where machines cannot be asked.
func (h *Host) Cut(ctx context.Context, e *resolved.Scenario, o CutOptions) (*Cut, error) {
	c := &Cut{}
	var err error
	if c.Machines, c.Unfit, err = h.inventory(ctx, o.Machines); err != nil {
		return nil, err
	}
	if o.Machines.Kind == machines.Supposed {
		suppose(c.Machines, e.Source.Pinned(e.Topology))
	}
	return c, h.cut(e, c, o, nil)
}

// cut finds out which of c.Machines is to carry what. there are nodes that are on a machine already, and stay there
// unless the scenario names another.
func (h *Host) cut(e *resolved.Scenario, c *Cut, o CutOptions, there []cut.Pin) (err error) {
	options := cut.Options{Machines: c.Machines, Floor: o.Floor, Pairs: o.Pairs, Lowest: e.Lowest(),
		Segments: e.Source.Neighbours == "arp"}
	for _, a := range e.Source.Reattached(e.Topology) {
		options.Moves = append(options.Moves, cut.Move{At: a.At, From: a.From, To: a.To, Why: a.Where})
	}
	if options.Pins, err = pins(c.Machines, e.Source.Pinned(e.Topology)); err != nil {
		return err
	}
	for _, pin := range there {
		if !slices.ContainsFunc(options.Pins, func(p cut.Pin) bool { return p.Node == pin.Node }) {
			options.Pins = append(options.Pins, pin)
		}
	}
	if !o.ByRates {
		if options.Traffic, err = e.Traffic(); err != nil {
			return input(err)
		}
	}
	c.Result, err = cut.Find(e.Topology, options)
	var refused *cut.Refused
	switch {
	case errors.As(err, &refused):
		c.Refused = refused.Problems
	case err != nil:
		return input(err)
	case e.Source.Resources == "emulate":
		c.Notes = append(c.Notes, c.crowded()...)
	}
	if len(c.Machines) > 1 {
		c.Refused = append(c.Refused, unable(e.Source)...)
	}
	return nil
}

// inventory finds the machines that a list means.
func (h *Host) inventory(ctx context.Context, s machines.Spec) ([]machines.Machine, []string, error) {
	if h.Inventory != nil && s.Kind != machines.Supposed {
		found, unfit, err := h.Inventory(ctx, s)
		if err == nil {
			err = machines.Check(found)
		}
		return found, unfit, err
	}
	if s.Kind != machines.Swarm {
		return slices.Clone(s.Machines), nil, input(machines.Check(s.Machines))
	}
	return nil, nil, fmt.Errorf("nothing here finds the machines of a Swarm: %w", noderuntime.ErrNotSupported)
}

// suppose gives machines that are only supposed the names that pins have, in their order.
func suppose(list []machines.Machine, pinned []scenario.PinnedNode) {
	next := 0
	for _, p := range pinned {
		known := slices.ContainsFunc(list, func(m machines.Machine) bool { return m.Name == p.Machine })
		if !known && next < len(list) {
			list[next].ID, list[next].Name = p.Machine, p.Machine
			next++
		}
	}
}

// pins are the nodes whose machine the scenario names, by a machine's name or its ID.
func pins(list []machines.Machine, pinned []scenario.PinnedNode) ([]cut.Pin, error) {
	var pins []cut.Pin
	for _, p := range pinned {
		var at []int
		for i := range list {
			if list[i].ID == p.Machine {
				at = []int{i}
				break
			}
			if list[i].Name == p.Machine {
				at = append(at, i)
			}
		}
		switch len(at) {
		case 1:
			pins = append(pins, cut.Pin{Node: p.Node, Machine: at[0], Why: p.Where})
		case 0:
			return nil, inputf("%s: there is no machine %s: they are %v", p.Where, p.Machine, machines.Names(list))
		default:
			return nil, inputf("%s: %d machines are called %s: name one by its ID", p.Where, len(at), p.Machine)
		}
	}
	return pins, nil
}

// unable is what several machines cannot carry, whatever the cut.
func unable(s *scenario.Scenario) (refused []cut.Problem) {
	const auto = "auto"
	if s.Fabric != auto {
		if f, err := fabric.Choices.Find(s.Catalogue(), s.Fabric); err == nil && !f.Crosses {
			refused = append(refused, cut.Problem{Text: fmt.Sprintf("the fabric %s carries nothing between machines", s.Fabric),
				Remedy: "write fabric: auto"})
		}
	}
	if s.Runtime != auto && !s.Catalogue().Describe(catalogue.Runtimes, s.Runtime).Images {
		refused = append(refused, cut.Problem{
			Text:   fmt.Sprintf("the runtime %s starts nodes on this machine only", s.Runtime),
			Remedy: "write runtime: auto; several machines run nodes as containers"})
	}
	return append(refused, processes(s)...)
}

// processes are the programs of a scenario that only nodes can run that are processes of this machine.
func processes(s *scenario.Scenario) (refused []cut.Problem) {
	for i := range s.Functions {
		if f := &s.Functions[i]; len(f.Command) > 0 {
			refused = append(refused, cut.Problem{
				Text:   fmt.Sprintf("functions.%s: its command is a program of this machine, which others need not have", f.Name),
				Remedy: "give the function an image; several machines run functions from images"})
		}
	}
	if store, err := s.Store(); err == nil && store.Server && s.State.Repository.Image == "" {
		refused = append(refused, cut.Problem{
			Text: fmt.Sprintf("state.repository: the server of the store %s is a program of this machine, which others need "+
				"not have", s.State.Repository.Kind),
			Remedy: "say an image that has it (state.repository.image); several machines run nodes as containers"})
	}
	return refused
}

// crowded names machines that have less memory or processors than their nodes are given.
func (c *Cut) crowded() (notes []string) {
	for i, name := range machines.Names(c.Machines) {
		m, load := &c.Machines[i], &c.Loads[i]
		if m.Memory > 0 && load.Memory > m.Memory {
			notes = append(notes, fmt.Sprintf("%s has %v of memory, and its nodes are given %v", name, m.Memory, load.Memory))
		}
		if m.CPUs > 0 && float64(load.CPU)/1000 > m.CPUs {
			notes = append(notes, fmt.Sprintf("%s has %g processors, and its nodes are given %g", name, m.CPUs,
				float64(load.CPU)/1000))
		}
	}
	return notes
}
