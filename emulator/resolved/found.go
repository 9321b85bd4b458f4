package resolved

import (
	"fmt"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// On is the scenario on a network as it was found, of the same vertices: what links do to packets, and what may wait
// for them, is as there. What was worked out of the scenario's own network stays: placement, sites, moves, and events,
// of which each changes what it says and nothing else (see Base). It fails where the network has other vertices.
func (e *Scenario) On(found fabric.Network) (*Scenario, error) {
	if !e.Topology.Alike(found.Topology) {
		return nil, fmt.Errorf("%s: the network that was found has other vertices than the scenario's: "+
			"`testbed apply` makes it anew", e.Source.Path())
	}
	t := *e.Topology
	t.Adjacency, t.Traces = found.Topology.Adjacency, found.Topology.Traces
	t.Vertices = slices.Clone(e.Topology.Vertices)
	for i := range t.Vertices {
		t.Vertices[i].Shape = found.Topology.Vertices[i].Shape
	}
	// Limits are derived when a link is made or changed: those of others stay, although paths have become others.
	for c, limit := range t.QueueLimits() {
		if has, known := found.Queues[c]; known && has != limit {
			t.Vertices[c.Link].Shape[c.Dir].Queue = has
		}
	}
	on := *e
	on.Topology, on.base, on.demanded = &t, e.Base(), new(demanded)
	var err error
	on.Arrival, err = on.arrival() // what is alone depends on the ways
	return &on, err
}

// Base is the network that the scenario's events were worked out for: a moment's overlay is what it changes of that.
func (e *Scenario) Base() *topology.Topology {
	if e.base != nil {
		return e.base
	}
	return e.Topology
}
