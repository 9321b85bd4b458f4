package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/hostload"
	"testbed/emulator/live/sampler"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// machined is a Bed that may be on several machines.
type machined interface {
	// Machines are their names; nil: all is on this one.
	Machines() []string
	// MachineOf is the name of the machine that a node is on, and what Carriers returns tells that of the one that carries
	// a queue; empty: it is not known.
	MachineOf(id topology.ID) string
	Carriers() func(link string, dir int) string
	// Counted is what the kernels of the machines have counted, by their names. What one does not tell is left out.
	Counted(ctx context.Context) map[string]hostload.Texts
	// Synchronise makes nodes' agents tell instants by the clock by which the fabric tells them, and returns the most by
	// which one may be wrong.
	Synchronise(ctx context.Context, nodes []topology.ID) (time.Duration, error)
}

// asMachined is the bed as one of several machines; nil: it is on this one.
func asMachined(b Bed) machined {
	if m, ok := b.(machined); ok && len(m.Machines()) > 0 {
		return m
	}
	return nil
}

// Machines implements machined.
func (b testbed) Machines() []string {
	if b.Journal.Spread == nil {
		return nil
	}
	return machines.Names(b.Journal.Spread.Partition.Machines)
}

// MachineOf implements machined.
func (b testbed) MachineOf(id topology.ID) string {
	if b.Journal.Spread == nil {
		return ""
	}
	return b.MachineName(b.Running(id).Machine)
}

// Carriers implements machined.
func (b testbed) Carriers() func(link string, dir int) string {
	unknown := func(string, int) string { return "" }
	n, err := b.Network()
	if err != nil || b.Journal.Spread == nil {
		return unknown
	}
	names, t := b.Machines(), n.Topology
	owners, err := b.Journal.Spread.Partition.Owners(t)
	if err != nil {
		return unknown
	}
	return func(link string, dir int) string {
		id, known := t.Lookup(link)
		if !known || t.Vertices[id].Kind != topology.Link || dir < 0 || dir > 1 {
			return ""
		}
		return names[owners.Queue(topology.Channel{Link: id, Dir: dir})]
	}
}

// Counted implements machined.
func (b testbed) Counted(ctx context.Context) map[string]hostload.Texts {
	names, all := b.Machines(), map[string]hostload.Texts{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for i, name := range names {
		at := b.At(b.Journal.Spread.Partition.Machines[i].ID)
		asking.Go(func() {
			t, err := hostload.At(ctx, at)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			all[name] = t
		})
	}
	asking.Wait()
	return all
}

// mostTold is how many nodes are told of their clock at a time.
const mostTold = 32

// Synchronise implements machined.
func (b testbed) Synchronise(ctx context.Context, nodes []topology.ID) (time.Duration, error) {
	h, err := b.Health(ctx, noSpells)
	if err != nil {
		return 0, err
	}
	parts, wrong := map[string]*health.Part{}, time.Duration(0)
	for i := range h.Parts {
		parts[h.Parts[i].Machine] = &h.Parts[i]
		wrong = max(wrong, h.Parts[i].Error)
	}
	var telling sync.WaitGroup
	turns, failed := make(chan struct{}, mostTold), make([]error, len(nodes))
	for i, id := range nodes {
		part := parts[b.MachineOf(id)]
		if part == nil {
			failed[i] = fmt.Errorf("the fabric does not tell of the clock of machine %q", b.MachineOf(id))
			continue
		}
		turns <- struct{}{}
		telling.Go(func() {
			defer func() { <-turns }()
			agent := b.Bed.Agent(id)
			defer agent.Close()
			failed[i] = agent.SetClock(ctx, faas.ClockAhead{Ahead: int64(part.Ahead), Drift: part.Drift, Now: part.Now})
		})
	}
	telling.Wait()
	return wrong, errors.Join(failed...)
}

// noSpells asks a fabric for no spells: none has so high a number.
const noSpells = ^uint64(0)

// hostsOf is what the kernels of a bed's machines have counted by now; nil: it is on this one.
func hostsOf(ctx context.Context, bed Bed) map[string]hostload.Snapshot {
	m := asMachined(bed)
	if m == nil {
		return nil
	}
	all := map[string]hostload.Snapshot{}
	for name, t := range m.Counted(ctx) {
		all[name] = t.Snapshot(time.Now())
	}
	return all
}

// several makes a sampler's configuration one of several machines, where the bed is on such.
func (r *run) several(c *sampler.Config) {
	m := asMachined(r.Bed)
	if m == nil {
		return
	}
	c.Hosts = func(ctx context.Context) map[string]sampler.Texts {
		all := map[string]sampler.Texts{}
		for name, t := range m.Counted(ctx) {
			all[name] = sampler.Texts{Stat: t.Stat, Loadavg: t.Loadavg, Meminfo: t.Meminfo}
		}
		return all
	}
	c.Machine = m.Carriers() // the partition stays while a run is under way
}

// machineOf tells the machines of nodes; nil: there is only this one.
func (r *run) machineOf() func(topology.ID) string {
	if m := asMachined(r.Bed); m != nil {
		return m.MachineOf
	}
	return nil
}
