package spread

import (
	"context"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/machines"
	"testbed/emulator/topology/linktrace"
)

// begun is when a run began by each machine's clock.
type begun struct {
	run int64   // by this host's CLOCK_MONOTONIC, ns
	by  []int64 // by machine
}

// beginning is when a network's run began, by each machine's clock, ns; none: no trace begins with it. The machines'
// clocks are asked once, so that a trace goes on where it is when the network changes in the course of the run.
func (f *Fabric) beginning(ctx context.Context, of []machines.Machine, want fabric.Network) ([]int64, error) {
	withRun := func(trace *linktrace.Trace) bool { return trace.WithRun }
	if want.Run == 0 || !slices.ContainsFunc(want.Topology.Traces, withRun) {
		return nil, nil
	}
	f.mutex.Lock()
	known := f.begun
	f.mutex.Unlock()
	if known.run == want.Run && len(known.by) == len(of) {
		return known.by, nil
	}
	clocks, err := f.tapClocks(ctx, of)
	if err != nil {
		return nil, err
	}
	known = begun{run: want.Run}
	for i := range clocks {
		known.by = append(known.by, clocks[i].shows(want.Run))
	}
	f.mutex.Lock()
	f.begun = known
	f.mutex.Unlock()
	return known.by, nil
}

// beginsAt is what machine i is told of that; 0: nothing.
func beginsAt(by []int64, i int) int64 {
	if i < len(by) {
		return by[i]
	}
	return 0
}

// begins is when the traces that begin with a run do, by this machine's clock; 0: none does. The first that was said of
// a run stays: who says it again may have found the clocks to differ a little otherwise, and the traces go on.
func (c *carried) begins(run, here int64) int64 {
	if run == 0 || here == 0 {
		return 0
	}
	if c.run != run {
		c.run, c.here = run, here
	}
	return c.here
}

// begin has a network that is up changed, with its traces beginning where they begin with a run.
func (f *Fabric) begin(
	ctx context.Context, p machines.Partition, want fabric.Network, encoded []byte,
) ([]reply, error) {
	begin, err := f.beginning(ctx, p.Machines, want)
	if err != nil {
		return nil, err
	}
	return f.all(ctx, p.Machines, func(i int) request {
		return request{Op: opReshape, Network: encoded, Part: part{Partition: p, Self: i}, Run: beginsAt(begin, i)}
	})
}

// onOneClock makes the beginnings of the traces, which each machine tells by its own clock, instants of this host's.
// Where the clocks are not known, which is noted, or are not to be asked, which takes a while, they are not either.
func (f *Fabric) onOneClock(ctx context.Context, of []machines.Machine, replies []reply, ask bool) {
	traced := func(q fabric.QueueStatus) bool { return q.Began != 0 }
	if !slices.ContainsFunc(replies, func(r reply) bool { return slices.ContainsFunc(r.Status.Queues, traced) }) {
		return
	}
	var clocks []tapClock
	var err error
	if ask {
		clocks, err = f.tapClocks(ctx, of)
	}
	for i := range replies {
		for j := range replies[i].Status.Queues {
			switch q := &replies[i].Status.Queues[j]; {
			case q.Began == 0:
			case ask && err == nil:
				q.Began = clocks[i].began(q)
			default:
				q.Began = 0
				if err != nil {
					q.Note = "it is not known when its trace began: " + err.Error()
				}
			}
		}
	}
}
