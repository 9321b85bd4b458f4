package netem

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// layout is what a network consists of in the kernel. It follows from the topology alone.
type layout struct {
	spaces []space // one a vertex that packets stop at
	pairs  []pair
	index  map[topology.ID]int                 // of the space of a vertex
	routes [][]route                           // by space
	uses   map[place]map[topology.Channel]bool // queues on the ways that begin at a station's port
}

// place is a port of a space; port -1 is a medium's own queue.
type place struct{ space, port int }

// space is a network namespace.
type space struct {
	vertex  topology.ID
	station int    // index of the station; -1: the namespace is the fabric's
	name    string // of the namespace, where it is the fabric's
	ports   []port
	medium  bool         // everything that enters goes through the one queue of its link
	address netip.Prefix // a station's, or that with which a namespace of the fabric's answers
}

// port is one end of a pair.
type port struct {
	pair int
	end  int // 0 or 1
}

// pair is a veth pair. Its ends are in two spaces, and each sends through a line.
type pair struct {
	space [2]int
	port  [2]int // index in the space's ports
	line  [2]line
	link  string // name of the link that it is; empty: it joins a link's own space to another one
	id    uint32 // told by the hardware address of its ends
}

// line is what is done to packets that leave one end of a pair.
type line struct {
	channel topology.Channel
	queue   bool          // the line is the queue of channel; otherwise it is a plain way with a delay
	extra   time.Duration // delay of the edges, in addition to the channel's
}

// route is where a space sends packets for a station.
type route struct {
	dest int // station's index
	port int
}

// newLayout works out the layout. It fails where a link has a form that a network of namespaces cannot have.
func newLayout(n *fabric.Network) (*layout, error) {
	l := &layout{index: map[topology.ID]int{}}
	t := n.Topology
	stations := map[topology.ID]int{}
	for i, s := range n.Stations {
		stations[s.ID] = i
	}
	into := incoming(t)
	for id := range t.Vertices {
		v := topology.ID(id)
		station, isStation := stations[v]
		if !isStation {
			station = -1
		}
		if t.Vertices[v].Kind.Attached() && !isStation || t.Vertices[v].Kind == topology.Link && l.plain(t, into, v) {
			continue
		}
		if t.Vertices[v].Kind == topology.Link && t.Vertices[v].LinkType == topology.Duplex && len(t.Adjacency[v]) > 2 {
			return nil, fmt.Errorf("link %s is duplex and has %d neighbours: make it shared: %w", t.Vertices[v].Name,
				len(t.Adjacency[v]), fabric.ErrNotSupported)
		}
		l.index[v] = len(l.spaces)
		medium := t.Vertices[v].Kind == topology.Link && t.Vertices[v].LinkType != topology.Duplex
		l.spaces = append(l.spaces, space{vertex: v, station: station, medium: medium})
	}
	l.join(t, into)
	l.identify(n)
	l.route(t, n.Stations)
	return l, nil
}

// incoming lists for every vertex those with an edge to it.
func incoming(t *topology.Topology) [][]topology.ID {
	into := make([][]topology.ID, len(t.Vertices))
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			into[e.To] = append(into[e.To], topology.ID(v))
		}
	}
	return into
}

// plain says whether a link can be a pair: it leads from one vertex to another, neither of them a link.
func (l *layout) plain(t *topology.Topology, into [][]topology.ID, v topology.ID) bool {
	from, to := into[v], t.Adjacency[v]
	switch t.Vertices[v].LinkType {
	case topology.Duplex:
		if len(to) != 2 || len(from) != 2 || to[0].To == to[1].To {
			return false
		}
	case topology.Uplink, topology.Downlink:
		if len(to) != 1 || len(from) != 1 || to[0].To == from[0] {
			return false
		}
	default:
		return false
	}
	isLink := func(id topology.ID) bool { return t.Vertices[id].Kind == topology.Link }
	leadsToLink := func(e topology.Edge) bool { return isLink(e.To) }
	return !slices.ContainsFunc(from, isLink) && !slices.ContainsFunc(to, leadsToLink)
}

// join makes the pairs: one for every plain link, and one for every two spaces that an edge joins.
func (l *layout) join(t *topology.Topology, into [][]topology.ID) {
	for id := range t.Vertices {
		v := topology.ID(id)
		if _, isSpace := l.index[v]; isSpace || t.Vertices[v].Kind != topology.Link {
			continue
		}
		a, b := t.Adjacency[v][0].To, into[v][0]
		if t.Vertices[v].LinkType == topology.Duplex {
			b = t.Adjacency[v][1].To
		}
		if !l.isSpace(a) || !l.isSpace(b) {
			continue // a host that is no station of this network
		}
		p := pair{line: [2]line{l.across(t, a, v, b), l.across(t, b, v, a)}, link: t.Vertices[v].Name}
		l.add(a, b, p)
	}
	done := map[[2]topology.ID]bool{}
	for id, edges := range t.Adjacency {
		a := topology.ID(id)
		for _, e := range edges {
			key := [2]topology.ID{min(a, e.To), max(a, e.To)}
			if l.isSpace(a) && l.isSpace(e.To) && !done[key] {
				done[key] = true
				l.add(a, e.To, pair{line: [2]line{l.direct(t, a, e.To), l.direct(t, e.To, a)}})
			}
		}
	}
}

func (l *layout) isSpace(v topology.ID) bool { _, ok := l.index[v]; return ok }

// across is the line from one end of a plain link to the other.
func (l *layout) across(t *topology.Topology, from, link, to topology.ID) line {
	there, enters := delay(t, from, link)
	on, leaves := delay(t, link, to)
	if !enters || !leaves {
		return line{} // the other direction of an uplink or downlink carries nothing
	}
	return line{channel: topology.Channel{Link: link, Dir: t.Direction(link, from)}, queue: true, extra: there + on}
}

// direct is the line along an edge. Where it leaves a duplex link that is a space of its own, it is the link's queue.
func (l *layout) direct(t *topology.Topology, from, to topology.ID) line {
	extra, _ := delay(t, from, to)
	out := line{extra: extra}
	if v := &t.Vertices[from]; v.Kind == topology.Link && v.LinkType == topology.Duplex {
		for _, e := range t.Adjacency[from] {
			if e.To != to || len(t.Adjacency[from]) == 1 {
				out.channel, out.queue = topology.Channel{Link: from, Dir: t.Direction(from, e.To)}, true
			}
		}
	}
	return out
}

func delay(t *topology.Topology, from, to topology.ID) (time.Duration, bool) {
	for _, e := range t.Adjacency[from] {
		if e.To == to {
			return e.Delay, true
		}
	}
	return 0, false
}

func (l *layout) add(a, b topology.ID, p pair) {
	for end, v := range []topology.ID{a, b} {
		s := &l.spaces[l.index[v]]
		p.space[end], p.port[end] = l.index[v], len(s.ports)
		s.ports = append(s.ports, port{pair: len(l.pairs), end: end})
	}
	l.pairs = append(l.pairs, p)
}
