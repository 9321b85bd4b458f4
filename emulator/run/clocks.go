package run

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"testbed/emulator/topology"
)

// clocks is how well the clocks of a testbed's machines are known.
type clocks struct{ worst atomic.Int64 }

// saw takes down the most by which an instant may be wrong now.
func (c *clocks) saw(wrong time.Duration) {
	for {
		had := c.worst.Load()
		if int64(wrong) <= had || c.worst.CompareAndSwap(had, int64(wrong)) {
			return
		}
	}
}

// error is the most by which an instant may have been wrong so far; 0: all have one clock.
func (c *clocks) error() time.Duration { return time.Duration(c.worst.Load()) }

// synchronise makes all nodes tell instants by one clock, and keeps them so until the function that it returns is
// called.
func (r *run) synchronise(ctx context.Context) (end func(), err error) {
	m := asMachined(r.Bed)
	if m == nil {
		return func() {}, nil
	}
	nodes := r.withAgents()
	asking, cancel := context.WithTimeout(ctx, patience)
	wrong, err := m.Synchronise(asking, nodes)
	cancel()
	if err != nil {
		return nil, fmt.Errorf("the nodes' clocks, of several machines: %w", err)
	}
	r.guard.clocks.saw(wrong)
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(synchroniseAgain):
			}
			if wrong, err := m.Synchronise(ctx, nodes); err == nil {
				r.guard.clocks.saw(wrong)
			}
		}
	}()
	return func() { stop(); <-done }, nil
}

// withAgents are the nodes that have an agent.
func (r *run) withAgents() (nodes []topology.ID) {
	for _, id := range r.Bed.Stations() {
		if _, agent := r.Scenario.Source.ImageOf(&r.Scenario.Topology.Vertices[id]); agent {
			nodes = append(nodes, id)
		}
	}
	return nodes
}

// synchroniseAgain is how often nodes are told of their clocks: drift is part of what they are told, so that they gain
// little on one another meanwhile.
const synchroniseAgain = 10 * time.Second
