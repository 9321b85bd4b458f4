// Package events works out what a scenario's events make of the network, instant by instant, and what
// differs between two topologies. It computes states only; who applies them at which time is not its
// concern.
package events

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// MaxMoments is the largest number of moments that Compile gives.
const MaxMoments = 100_000

// maxStates bounds what all moments together remember, in links, nodes and hosts that differ.
const maxStates = 2_000_000

// ErrTooMany is wrapped where events give more moments, or larger ones, than can be kept.
var ErrTooMany = errors.New("the events change too much too often")

// Moment is an instant at which events begin or end, and how the network is from then on. Its members
// are shared between moments and must not be changed.
type Moment struct {
	At        time.Duration                       // from the start of a model's chains
	Event     []string                            // what begins and what ends, in words
	Shapes    map[topology.Channel]topology.Shape // of the queues that are not as in the scenario
	Down      []topology.ID                       // links and nodes that carry nothing, ascending
	Partition [][]topology.ID                     // groups of hosts as in fabric.Network; empty: none
	Moves     []fabric.Move                       // of hosts that are attached elsewhere than in the scenario
}

// Compile gives the moments of events on the topology t, which is not changed, in the order of time. An
// event is a modification of the network that is active from its beginning on or, in a window, until just
// before its end. The network at an instant is the scenario's with all active modifications applied in
// the order in which they began, and in that of the list where they began together: set merges, reset
// drops what was set on a link before, down and up replace one another, and of several partitions each
// pair of hosts must be in a common group of all. A flap is a window of down in each of its periods.
//
// It fails with a Fault, or several joined, where a name is unknown, a property impossible for its link, by itself
// (jitter above the delay) or beside others that are in force, or (wrapping ErrTooMany) where there would be more than
// MaxMoments or they would be too large. The time is O(n log n) in the windows and their targets for events without
// long overlaps, and quadratic in the number that overlap on one link.
func Compile(t *topology.Topology, events []scenario.Event) ([]Moment, error) {
	changes, err := expand(t, events)
	if err != nil {
		return nil, err
	}
	begin := slices.Clone(changes)
	slices.SortStableFunc(begin, func(a, b *change) int { return cmp.Compare(a.begin, b.begin) })
	end := slices.DeleteFunc(changes, func(c *change) bool { return !c.window })
	slices.SortStableFunc(end, func(a, b *change) int { return cmp.Compare(a.end, b.end) })
	n := newNetwork(t)
	var moments []Moment
	for len(begin)+len(end) > 0 {
		if len(moments) == MaxMoments {
			return nil, &Fault{"events", "lengthen periods or shorten windows",
				fmt.Errorf("%w: there are more than %d instants", ErrTooMany, MaxMoments)}
		}
		m := Moment{At: next(begin, end)}
		for ; len(end) > 0 && end[0].end == m.At; end = end[1:] {
			n.remove(end[0])
			m.Event = append(m.Event, end[0].after)
		}
		for ; len(begin) > 0 && begin[0].begin == m.At; begin = begin[1:] {
			n.add(begin[0])
			m.Event = append(m.Event, begin[0].text)
		}
		if err := n.snapshot(&m); err != nil {
			return nil, err
		}
		if n.states > maxStates {
			return nil, &Fault{"events", "name fewer at a time", fmt.Errorf("%w: by %v more than %d states of links and "+
				"nodes would have to be kept", ErrTooMany, m.At, maxStates)}
		}
		moments = append(moments, m)
	}
	return moments, nil
}

// next is the first time at which a change begins or ends.
func next(begin, end []*change) time.Duration {
	switch {
	case len(end) == 0:
		return begin[0].begin
	case len(begin) == 0:
		return end[0].end
	}
	return min(begin[0].begin, end[0].end)
}
