package netem

import (
	"hash/fnv"
	"net/netip"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// slow is the rate below which bursts of segments would spoil the timing: there every packet goes alone.
const slow = 200 * units.Mbps

// lines are the netems of every port, and of every medium's own queue, that a network wants.
func (l *layout) lines(n *fabric.Network) map[place]lineWant {
	down := map[topology.ID]bool{}
	for _, v := range n.Down {
		down[v] = true
	}
	all := map[place]lineWant{}
	for i := range l.spaces {
		s := &l.spaces[i]
		if s.medium {
			c := topology.Channel{Link: s.vertex}
			all[place{i, -1}] = queueLine(n.Topology.Vertices[s.vertex].Shape[0], 0, n.Queues[c], down[s.vertex])
		}
		for at, p := range s.ports {
			pair := &l.pairs[p.pair]
			line := &pair.line[p.end]
			gone := down[s.vertex] || down[l.spaces[pair.space[1-p.end]].vertex]
			if !line.queue {
				all[place{i, at}] = plainLine(line.extra, gone)
				continue
			}
			c := line.channel
			all[place{i, at}] = queueLine(n.Topology.Vertices[c.Link].Shape[c.Dir], line.extra, n.Queues[c], gone || down[c.Link])
		}
	}
	return all
}

// bursts says of every port of a station whether its device may send bursts of segments as one.
func (l *layout) bursts(n *fabric.Network) map[place]bool {
	all := map[place]bool{}
	for p, channels := range l.uses {
		all[p] = true
		for c := range channels {
			s := &n.Topology.Vertices[c.Link].Shape[c.Dir]
			if s.Rate > 0 && s.Rate < slow || s.Jitter > 0 || s.Loss > 0 || s.Reorder > 0 || s.Duplicate > 0 || s.Corrupt > 0 {
				all[p] = false
				break
			}
		}
	}
	return all
}

// target is where packets for an address go: a port, or nowhere.
type target struct {
	port    int
	nowhere bool
}

// anywhere is the destination of a default route.
var anywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// table is the routing table of a space: a default route by the port that most destinations have, and a route of
// its own for every other one. What a partition keeps apart from a station goes nowhere.
func (l *layout) table(n *fabric.Network, i int) map[netip.Prefix]target {
	count := map[int]int{}
	for _, r := range l.routes[i] {
		count[r.port]++
	}
	usual, table := -1, map[netip.Prefix]target{}
	for port, times := range count {
		if usual < 0 || times > count[usual] || times == count[usual] && port < usual {
			usual = port
		}
	}
	if usual >= 0 {
		table[anywhere] = target{port: usual}
	}
	apart := l.apart(n, i)
	for _, r := range l.routes[i] {
		to := netip.PrefixFrom(n.Stations[r.dest].Addr.Addr(), 32)
		switch {
		case apart != nil && apart(n.Stations[r.dest].ID):
			table[to] = target{nowhere: true}
		case r.port != usual:
			table[to] = target{port: r.port}
		}
	}
	return table
}

// apart tells whom a partition keeps apart from the station in a space; nil: nobody.
func (l *layout) apart(n *fabric.Network, i int) func(topology.ID) bool {
	if l.spaces[i].station < 0 || len(n.Partition) == 0 {
		return nil
	}
	group := func(id topology.ID) int {
		return slices.IndexFunc(n.Partition, func(members []topology.ID) bool { return slices.Contains(members, id) })
	}
	own := group(l.spaces[i].vertex)
	return func(other topology.ID) bool { return group(other) != own }
}

// seed is that of the chance in a place's netem.
func seed(n *fabric.Network, p place, inner bool) uint64 {
	h := fnv.New64a()
	for _, v := range []uint64{n.Seed, uint64(p.space), uint64(p.port + 1)} {
		for b := range 8 {
			_, _ = h.Write([]byte{byte(v >> (8 * b))})
		}
	}
	if inner {
		return ^h.Sum64()
	}
	return h.Sum64()
}
