package emulator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/printable"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/cut"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
)

// Refusal is what keeps the scenario from these machines, as an error that wraps ErrInput; nil: nothing does.
func (c *Cut) Refusal(scenario string) error {
	var errs []error
	for i := range c.Refused {
		errs = append(errs, errors.New(c.Refused[i].String()))
	}
	if len(errs) == 0 {
		return nil
	}
	return inputf("%s cannot be spread over %s:\n%w", scenario, printable.Count(len(c.Machines), "machine"),
		errors.Join(errs...))
}

// spread makes a request one for several machines, as they are cut.
func (h *Host) spread(ctx context.Context, e *resolved.Scenario, r *orchestrator.Request, o UpOptions) error {
	if o.Machines.Machines.Kind == machines.Supposed {
		return inputf("a testbed needs machines that are there: write their names or URLs, or swarm; " +
			"`testbed plan` takes a number")
	}
	c, err := h.Cut(ctx, e, *o.Machines)
	if err != nil {
		return err
	}
	if len(c.Unfit) > 0 && o.Machines.Machines.Kind == machines.Listed {
		return fmt.Errorf("%s: %w", strings.Join(c.Unfit, "\n"), carrier.ErrUnreachable)
	}
	for _, u := range c.Unfit {
		if o.Progress != nil {
			o.Progress("left out: " + u)
		}
	}
	if len(c.Machines) == 1 { // an agent has it all the same
		c.Refused = append(c.Refused, unable(e.Source)...)
	}
	if err := c.Refusal(e.Source.Name); err != nil {
		return err
	}
	r.Spread = &orchestrator.Spread{Carrier: carrierOf(o.Machines.Machines), Image: o.Image, Partition: *c.Partition}
	h.elsewhere(r)
	return nil
}

// respread makes a request one for the machines that a testbed has. Nodes that are there stay where they are, unless
// the scenario names another machine.
func (h *Host) respread(e *resolved.Scenario, r *orchestrator.Request, j *orchestrator.Journal) error {
	if j.Spread == nil {
		return nil
	}
	was := &j.Spread.Partition
	o := CutOptions{Machines: machines.Spec{Kind: machines.Listed, Machines: was.Machines}, Floor: was.Floor,
		Pairs: was.Pairs}
	c := &Cut{Machines: was.Machines}
	if err := h.cut(e, c, o, there(e, j)); err != nil {
		return err
	}
	if err := c.Refusal(e.Source.Name); err != nil {
		return err
	}
	r.Spread = &orchestrator.Spread{Carrier: j.Spread.Carrier, Image: j.Spread.Image, Partition: *c.Partition}
	h.elsewhere(r)
	return nil
}

// there are the nodes that a testbed has, on their machines.
func there(e *resolved.Scenario, j *orchestrator.Journal) (pins []cut.Pin) {
	at := map[string]int{}
	for i, m := range j.Spread.Partition.Machines {
		at[m.ID] = i
	}
	for _, n := range j.Nodes {
		if id, ok := e.Topology.Lookup(n.Name); ok {
			pins = append(pins, cut.Pin{Node: id, Machine: at[n.Machine], Why: "it runs there"})
		}
	}
	return pins
}

// elsewhere has a request's nodes run by what agents have, whatever this host has.
func (h *Host) elsewhere(r *orchestrator.Request) {
	r.Try = nil // this host
	for _, f := range fabric.Choices.All(h.catalogue()) {
		if f.Does.Crosses {
			r.Fabric = f.Name
		}
	}
	for _, n := range noderuntime.Choices.All(h.catalogue()) {
		if h.catalogue().Describe(catalogue.Runtimes, n.Name).Images {
			r.Runtime = n.Name
		}
	}
}

// Lost says which machines of the testbed do not answer, and why; empty: all do.
func (b *Bed) Lost() (lost []string) {
	for _, m := range b.MachineStatuses() {
		if m.Lost != "" {
			lost = append(lost, fmt.Sprintf("machine %s is lost: %s", m.Name, m.Lost))
		}
	}
	return lost
}
