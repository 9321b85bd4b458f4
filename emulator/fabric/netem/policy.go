package netem

import (
	"fmt"
	"net/netip"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// Where routes of stations contradict one another in a namespace that forwards, what a station sends itself goes by a
// table of its own there: packets with one of its addresses, by the port that they come by, which those are past that
// the station by way of which they went has sent on.

// leg is the way of a station's packets for a network through a space.
type leg struct {
	station int // index
	to      netip.Prefix
	in, out int // ports; in is -1 where the way begins
}

// ownWays are a station's own routes in a space.
type ownWays struct {
	enter map[int]bool         // ports that its packets come by
	to    map[netip.Prefix]int // the port that they leave by; -1: as everybody's do
}

// setApart takes the legs through a space of stations that send nothing but their own, and gives these ways of their
// own. It returns the others.
func (l *layout) setApart(n *fabric.Network, i int, legs []leg) (others []leg) {
	l.own[i] = map[int]*ownWays{}
	for _, g := range legs {
		if n.Stations[g.station].Forwards {
			others = append(others, g)
			continue
		}
		w := l.own[i][g.station]
		if w == nil {
			w = &ownWays{map[int]bool{}, map[netip.Prefix]int{}}
			l.own[i][g.station] = w
		}
		w.enter[g.in], w.to[g.to] = true, g.out
	}
	for s, w := range l.own[i] {
		seen := map[netip.Prefix]bool{}
		for _, r := range n.Stations[s].Next() {
			if _, through := w.to[r.To]; !seen[r.To] && (r.Via == fabric.None || !through) {
				w.to[r.To] = -1
			}
			seen[r.To] = true
		}
	}
	return others
}

// carriers are the hosts by way of which a station's packets may go: those that it names, and whom these name for what
// they send on.
func (l *layout) carriers(n *fabric.Network, s int) (all []topology.ID) {
	own := n.Stations[s].Routes
	wanted := func(to netip.Prefix) bool {
		return slices.ContainsFunc(own, func(r fabric.Route) bool { return r.To.Overlaps(to) })
	}
	for ahead := [][]fabric.Route{own}; len(ahead) > 0; ahead = ahead[1:] {
		for _, r := range ahead[0] {
			if r.Via == fabric.None || slices.Contains(all, r.Via) || !wanted(r.To) {
				continue
			}
			all = append(all, r.Via)
			ahead = append(ahead, n.Stations[l.spaces[l.index[r.Via]].station].Routes)
		}
	}
	return all
}

// returning says which of the packets that go by a station's own ways come back to one of their ports after the station
// by way of which they went: they would go around for ever. Where links take as long in both directions there are none.
func (l *layout) returning(n *fabric.Network) error {
	senders := map[topology.ID][]int{} // by whom packets of theirs may be sent on: indices of stations
	for _, ways := range l.own {
		for s := range ways {
			for _, via := range l.carriers(n, s) {
				if !slices.Contains(senders[via], s) {
					senders[via] = append(senders[via], s)
				}
			}
		}
	}
	if len(senders) == 0 {
		return nil
	}
	name := func(id topology.ID) string { return n.Topology.Vertices[id].Name }
	for d := range n.Stations {
		tree := n.Topology.TreeTo(n.Stations[d].ID)
		for via, stations := range senders {
			for _, g := range l.through(tree, via) {
				for _, s := range stations {
					if w := l.own[g.space][s]; w != nil && w.enter[g.in] {
						return fmt.Errorf("what %s sends by way of %s to %s would pass %s twice in the same direction: "+
							"use the fabric userspace: %w", name(n.Stations[s].ID), name(via), name(n.Stations[d].ID),
							name(l.spaces[g.space].vertex), fabric.ErrNotSupported)
					}
				}
			}
		}
	}
	return nil
}

// crossing is a way through a space: the ports by which it leads in, -1 where it begins, and out.
type crossing struct{ space, in, out int }

// through are the spaces on the way from a vertex to a tree's destination, without that.
func (l *layout) through(tree *topology.Tree, from topology.ID) (all []crossing) {
	path, in := tree.Vertices(nil, from), -1
	for k := 0; k+1 < len(path); k++ {
		i, isSpace := l.index[path[k]]
		if !isSpace {
			continue
		}
		out, leads := l.next[i][path[k+1]]
		if !leads {
			continue
		}
		all = append(all, crossing{i, in, out})
		p := l.spaces[i].ports[out]
		in = l.pairs[p.pair].port[1-p.end]
	}
	return all
}
