package netem

import (
	"maps"
	"net/netip"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// route follows the shortest paths from every space to every station.
func (l *layout) route(t *topology.Topology, stations []fabric.Station) {
	l.routes = make([][]route, len(l.spaces))
	l.next = make([]map[topology.ID]int, len(l.spaces))
	for i := range l.spaces {
		l.next[i] = l.following(t, i)
	}
	l.uses = map[portID]map[topology.Channel]bool{}
	var path []topology.ID
	var hops []topology.Hop
	for dest, s := range stations {
		tree := t.TreeTo(s.ID)
		for i := range l.spaces {
			if l.spaces[i].vertex == s.ID {
				continue
			}
			path = tree.Vertices(path[:0], l.spaces[i].vertex)
			if len(path) < 2 {
				continue
			}
			if port, ok := l.next[i][path[1]]; ok {
				l.routes[i] = append(l.routes[i], route{dest, port})
				if l.spaces[i].station >= 0 {
					hops, _ = tree.Hops(hops[:0], l.spaces[i].vertex)
					l.use(portID{i, port}, hops)
				}
			}
		}
	}
}

func (l *layout) use(p portID, hops []topology.Hop) {
	if l.uses[p] == nil {
		l.uses[p] = map[topology.Channel]bool{}
	}
	for _, h := range hops {
		l.uses[p][h.Channel] = true
	}
}

// following tells by which port a space reaches each of its neighbours.
func (l *layout) following(t *topology.Topology, i int) map[topology.ID]int {
	ports := map[topology.ID]int{}
	s := &l.spaces[i]
	for at, p := range s.ports {
		pair := &l.pairs[p.pair]
		if out := pair.egress[p.end]; out.queue && out.channel.Link != s.vertex {
			ports[out.channel.Link] = at
			continue
		}
		peer := l.spaces[pair.space[1-p.end]].vertex
		if _, leads := delay(t, s.vertex, peer); leads {
			ports[peer] = at
		}
	}
	return ports
}

// target is where packets for an address go: out of a port, or nowhere.
type target struct {
	port int  // -1 where they go nowhere
	tell bool // the sender is told that they do
}

// What no port is for: packets that vanish, and packets that are refused.
var (
	nowhere     = target{port: -1}
	unreachable = target{port: -1, tell: true}
)

// anywhere is the destination of a default route.
var anywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// table is the routing table of a space, of the stations' own addresses. What forwards knows every station, and says of
// everybody else, and of those behind something that is down, that he is unreachable: default routes of two neighbours
// might lead to each other, and packets for nobody would go around until they are too old. A station that does not
// forward has a default route by the port that most destinations have, and leaves that to its neighbour. What a
// partition keeps apart from a station goes nowhere.
func (l *layout) table(n *fabric.Network, i int) map[netip.Prefix]target {
	where := l.targets(n, i)
	exact := map[netip.Prefix]target{}
	count := map[int]int{}
	for _, r := range l.routes[i] {
		exact[netip.PrefixFrom(n.Stations[r.dest].Addr.Addr(), 32)] = where(r)
		count[r.port]++
	}
	if len(exact) == 0 && l.spaces[i].station >= 0 {
		return exact // it has no port
	}
	own := l.spaces[i].station // a station that forwards has no default route: its neighbour's routes might lead back
	if usual := busiest(count); own >= 0 && !n.Stations[own].Forwards && l.forwards(i, usual) {
		for _, r := range l.routes[i] {
			to := netip.PrefixFrom(n.Stations[r.dest].Addr.Addr(), 32)
			if exact[to] == (target{port: usual}) && !l.detoured(n, i, to.Addr()) {
				delete(exact, to)
			}
		}
		exact = l.merged(n, i, exact)
		exact[anywhere] = target{port: usual}
		return exact
	}
	exact = l.merged(n, i, exact)
	exact[anywhere] = unreachable
	return exact
}

// targets says where a space sends the packets of each of its routes.
func (l *layout) targets(n *fabric.Network, i int) func(route) target {
	apart, gone := l.apart(n, i), l.gone(n, i)
	return func(r route) target {
		switch {
		case apart != nil && apart(n.Stations[r.dest].ID):
			return nowhere
		case gone[r.port]:
			return unreachable
		}
		return target{port: r.port}
	}
}

// gone are the ports of a space that forwards behind which something is down: the link, or what is at its other end.
func (l *layout) gone(n *fabric.Network, i int) map[int]bool {
	s := &l.spaces[i]
	if s.station >= 0 || len(n.Down) == 0 || slices.Contains(n.Down, s.vertex) {
		return nil
	}
	all := map[int]bool{}
	for at, p := range s.ports {
		pair := &l.pairs[p.pair]
		peer := l.spaces[pair.space[1-p.end]].vertex
		link := pair.egress[p.end].channel.Link
		all[at] = slices.Contains(n.Down, peer) || pair.egress[p.end].queue && slices.Contains(n.Down, link)
	}
	return all
}

// merged is the table of single addresses with as few routes as say it; those for which a network of the space's
// detours would be taken otherwise stay as they are.
func (l *layout) merged(n *fabric.Network, i int, table map[netip.Prefix]target) map[netip.Prefix]target {
	kept := map[netip.Prefix]target{}
	if len(l.detours[i]) > 0 {
		for p, to := range table {
			if l.detoured(n, i, p.Addr()) {
				kept[p] = to
				delete(table, p)
			}
		}
	}
	table = merged(table)
	maps.Copy(table, kept)
	return table
}

// busiest is the port that is counted most often, of several the first.
func busiest(count map[int]int) int {
	usual := -1
	for port, times := range count {
		if usual < 0 || times > count[usual] || times == count[usual] && port < usual {
			usual = port
		}
	}
	return usual
}

// forwards tells whether what a space's port leads to sends packets on.
func (l *layout) forwards(i, port int) bool {
	p := l.spaces[i].ports[port]
	return l.spaces[l.pairs[p.pair].space[1-p.end]].station < 0
}

// merged is the same table of single addresses with as few routes as say it: two halves of a prefix with one target
// are one route.
func merged(table map[netip.Prefix]target) map[netip.Prefix]target {
	level := slices.Collect(maps.Keys(table))
	for len(level) > 0 && level[0].Bits() > 1 {
		var shorter []netip.Prefix
		for _, p := range level {
			to, there := table[p]
			half := sibling(p)
			if other, also := table[half]; !there || !also || other != to {
				continue
			}
			delete(table, p)
			delete(table, half)
			both := netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
			table[both] = to
			shorter = append(shorter, both)
		}
		level = shorter
	}
	return table
}

// sibling is the other half of the prefix that is a bit shorter.
func sibling(p netip.Prefix) netip.Prefix {
	a := p.Masked().Addr().As4()
	at := p.Bits() - 1
	a[at/8] ^= 0x80 >> (at % 8)
	return netip.PrefixFrom(netip.AddrFrom4(a), p.Bits())
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
