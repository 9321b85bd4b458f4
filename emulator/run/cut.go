package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/health"
	"testbed/emulator/hostload"
	"testbed/emulator/record"
)

// crossings is what went from each machine to each other one between two readings: what the one sent, and what the
// other one received of it, each by its own counters.
func crossings(before, after []health.Crossing) []record.Crossing {
	type pair struct{ of, other string }
	had, all := map[pair]*health.Crossing{}, map[pair]*record.Crossing{}
	for i := range before {
		had[pair{before[i].Of, before[i].Machine}] = &before[i]
	}
	from := func(one, other string) *record.Crossing {
		if all[pair{one, other}] == nil {
			all[pair{one, other}] = &record.Crossing{From: one, To: other}
		}
		return all[pair{one, other}]
	}
	for i := range after {
		c := &after[i]
		b := had[pair{c.Of, c.Machine}]
		if b == nil {
			b = &health.Crossing{}
		}
		out, in := from(c.Of, c.Machine), from(c.Machine, c.Of)
		out.Sent, out.Lost = c.Sent-min(b.Sent, c.Sent), c.Lost-min(b.Lost, c.Lost)
		in.Received, in.Late = c.Received-min(b.Received, c.Received), c.Late-min(b.Late, c.Late)
		if by := c.By.Since(&b.By); in.Late > 0 {
			in.LateP50, in.LateP99, in.LateMax = by.Quantile(0.5).Seconds(), by.Quantile(0.99).Seconds(), by.Longest.Seconds()
		}
		in.ClockError = c.Error.Seconds()
	}
	list := make([]record.Crossing, 0, len(all))
	for _, c := range all {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b record.Crossing) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return list
}

// judgeCut judges what was late or lost between machines. What of it concerns chains is in their spells: a packet that
// comes after it was due is written late to its station.
func judgeCut(v *record.Validity) {
	for i := range v.Cut {
		c := &v.Cut[i]
		if c.Late > 0 {
			verdict := record.Amber
			if float64(c.Late) > tolerableLoss*float64(c.Received) {
				verdict = record.Red
			}
			blame(v, verdict, "%d of %d packets from machine %s to %s came after they were due, by up to %v: the way between "+
				"the machines took longer than the links that are cut, or the hosts did", c.Late, c.Received, c.From, c.To, seconds(c.LateMax))
		}
		if c.Lost > 0 {
			blame(v, record.Amber, "%d packets were lost between machines %s and %s, beside %d that went", c.Lost, c.From, c.To,
				c.Sent)
		}
		if c.ClockError > health.Floor.Seconds() {
			blame(v, record.Amber, "by how much the clocks of machines %s and %s differ is known to %v only", c.From, c.To,
				seconds(c.ClockError))
		}
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Microsecond)
}

// machined is a Bed that may be on several machines.
type machined interface {
	// Hosts is what the kernels of the machines have counted, by the machines' names; nil: all is on this one.
	Hosts(ctx context.Context) map[string]hostload.Snapshot
	// Synchronise makes the agents of all nodes tell instants by the clock by which the fabric tells them, and returns
	// the most by which one may be wrong; 0: all nodes have that clock.
	Synchronise(ctx context.Context) (time.Duration, error)
}

func hostsOf(ctx context.Context, bed Bed) map[string]hostload.Snapshot {
	if m, ok := bed.(machined); ok {
		return m.Hosts(ctx)
	}
	return nil
}

// loadsSince is what each machine had to do between two readings, in the order of names.
func loadsSince(after, before map[string]hostload.Snapshot) (all []record.MachineHostLoad) {
	for name, s := range after {
		if load := s.Since(before[name]); load != nil {
			all = append(all, record.MachineHostLoad{Machine: name, HostLoad: *load})
		}
	}
	slices.SortFunc(all, func(a, b record.MachineHostLoad) int { return cmp.Compare(a.Machine, b.Machine) })
	return all
}

// synchronise makes all nodes tell instants by one clock, and keeps them so until the function that it returns is
// called.
func (r *run) synchronise(ctx context.Context) (end func(), err error) {
	m, ok := r.Bed.(machined)
	if !ok {
		return func() {}, nil
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	wrong, err := m.Synchronise(asking)
	cancel()
	if err != nil {
		return nil, fmt.Errorf("the nodes' clocks, of several machines: %w", err)
	}
	if wrong == 0 {
		return func() {}, nil
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
			if wrong, err := m.Synchronise(ctx); err == nil {
				r.guard.clocks.saw(wrong)
			}
		}
	}()
	return func() { stop(); <-done }, nil
}

// synchroniseAgain is how often nodes are told of their clocks: drift is part of what they are told, so that they gain
// little on one another meanwhile.
const synchroniseAgain = 10 * time.Second
