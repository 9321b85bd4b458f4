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
	spaces  []space // one a vertex that packets stop at
	pairs   []pair
	index   map[topology.ID]int                  // of the space of a vertex
	next    []map[topology.ID]int                // by space and the vertex that follows: the port
	routes  [][]route                            // by space
	detours []map[netip.Prefix]int               // by space: the port for networks that routes of stations lead to
	own     []map[int]*ownWays                   // by space and station: where these contradict one another
	uses    map[portID]map[topology.Channel]bool // queues on the ways that begin at a station's port
}

// portID names a port by the index of its space and its index there; port -1 (ofMedium) is a medium's own queue.
type portID struct{ space, port int }

// space is a network namespace.
type space struct {
	vertex  topology.ID
	station int    // index of the station; -1: the namespace is the fabric's
	name    string // of the namespace, where it is the fabric's
	ports   []port
	medium  bool // everything that enters goes through the one queue of its link
	// A station's addresses, or those with which a namespace of the fabric's answers, of IPv4 and IPv6.
	address, address6 netip.Prefix
	further           []netip.Prefix // of a station: single addresses
}

// port is one end of a pair.
type port struct {
	pair int
	end  int // 0 or 1
}

// pair is a veth pair. Its ends are in two spaces; what leaves by an end passes that end's egress.
type pair struct {
	space  [2]int
	port   [2]int // index in the space's ports
	egress [2]egress
	link   string // name of the link that it is; empty: it joins a link's own space to another one
	id     uint32 // told by the hardware address of its ends
}

// egress is what shapes packets that leave by one end of a pair.
type egress struct {
	channel topology.Channel
	queue   bool          // this is the queue of channel; otherwise it is an edge with a delay
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
		if t.Vertices[v].Kind.Attached() && !isStation || t.Vertices[v].Kind == topology.Link && l.fitsPair(t, into, v) {
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
	l.makePairs(t, into)
	l.identify(n)
	l.route(t, n.Stations)
	return l, l.detour(n)
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

// fitsPair says whether a link can be a veth pair without a namespace of its own: it leads from one vertex to
// another, neither of them a link.
func (l *layout) fitsPair(t *topology.Topology, into [][]topology.ID, v topology.ID) bool {
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

// makePairs lays the pairs out: one for every link that fits one, and one for every two spaces that an edge joins.
func (l *layout) makePairs(t *topology.Topology, into [][]topology.ID) {
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
		p := pair{egress: [2]egress{l.linkEgress(t, a, v, b), l.linkEgress(t, b, v, a)}, link: t.Vertices[v].Name}
		l.add(a, b, p)
	}
	done := map[[2]topology.ID]bool{}
	for id, edges := range t.Adjacency {
		a := topology.ID(id)
		for _, e := range edges {
			key := [2]topology.ID{min(a, e.To), max(a, e.To)}
			if l.isSpace(a) && l.isSpace(e.To) && !done[key] {
				done[key] = true
				l.add(a, e.To, pair{egress: [2]egress{l.edgeEgress(t, a, e.To), l.edgeEgress(t, e.To, a)}})
			}
		}
	}
}

func (l *layout) isSpace(v topology.ID) bool { _, ok := l.index[v]; return ok }

// linkEgress is the egress at one end of a link that is a pair, towards the other end.
func (l *layout) linkEgress(t *topology.Topology, from, link, to topology.ID) egress {
	there, enters := delay(t, from, link)
	on, leaves := delay(t, link, to)
	if !enters || !leaves {
		return egress{} // the other direction of an uplink or downlink carries nothing
	}
	return egress{channel: topology.Channel{Link: link, Dir: t.Direction(link, from)}, queue: true, extra: there + on}
}

// edgeEgress is the egress along an edge. Where the edge leaves a duplex link that is a space of its own, it is the
// link's queue.
func (l *layout) edgeEgress(t *topology.Topology, from, to topology.ID) egress {
	extra, _ := delay(t, from, to)
	out := egress{extra: extra}
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
