// Package topology is the graph of an edge network: hosts, switches, exchanges, the cloud, and the
// links between them, with shortest paths and the central node. It knows nothing of how a network
// is emulated.
//
// A link is a vertex of the graph like a node is (ether's view), so that a shared medium, a full-duplex
// cable and one direction of an access line are told apart by the link's type and its neighbours alone.
// The edges between vertices are directed and carry propagation delay.
package topology

import (
	"fmt"
	"slices"
	"time"

	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// ID is a vertex's index in Topology.Vertices.
type ID int32

// Kind says what a vertex is.
type Kind uint8

// The kinds of vertices.
const (
	Host     Kind = iota // runs a node: processing node, client, or both
	Cloud                // a host outside the edge network; it keeps state, and runs no functions
	Switch               // forwards, with no rate of its own
	Exchange             // forwards between access networks
	Link                 // one or two FIFO queues; see LinkType
)

var kinds = [...]string{"host", "cloud", "switch", "exchange", "link"}

func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Attached says whether packets can originate and end at vertices of this kind.
func (k Kind) Attached() bool { return k == Host || k == Cloud }

// LinkType says which queues a link vertex has.
type LinkType uint8

// The types of links.
const (
	Duplex   LinkType = iota // exactly two neighbours, a queue for each direction (ether: node)
	Shared                   // a medium: one queue for all stations and both directions
	Uplink                   // one direction, towards the core
	Downlink                 // one direction, away from the core
)

var linkTypes = [...]string{"duplex", "shared", "uplink", "downlink"}

func (t LinkType) String() string {
	if int(t) < len(linkTypes) {
		return linkTypes[t]
	}
	return fmt.Sprintf("linktype(%d)", uint8(t))
}

// Shape is what one queue of a link does to packets. The zero value lets everything pass at once.
type Shape struct {
	Rate   units.BitRate // 0: not limited
	Delay  time.Duration // propagation, one way, in addition to the edges' delays
	Jitter time.Duration // uniform in [-Jitter, +Jitter] around the delay; order is kept
	Loss   float64       // probability in [0,1] that a packet is lost, independently
	// Reorder, Duplicate and Corrupt are probabilities in [0,1] too: that a packet overtakes the delay and
	// goes at once, that it is sent twice, and that one bit of it is flipped.
	Reorder, Duplicate, Corrupt float64
	Queue                       units.ByteSize // bytes that may wait; 0: derived, see Topology.QueueLimit
	MTU                         int            // bytes of the largest IP packet, MinimumMTU to MaximumMTU; 0: the latter
	// Trace is 1 more than the index, in Topology.Traces, of what the queue follows in place of what the trace gives,
	// which stands here by its mean; 0: nothing. See Topology.Follow.
	Trace int32
	// Delays is the same of a distribution that each packet's delay is drawn from; Delay is then its mean, and Jitter what
	// the least is below that.
	Delays int32
}

// What links may carry: every one of them IPv6 (RFC 8200, 5), and none more than Ethernet does.
const (
	MinimumMTU = 1280
	MaximumMTU = 1500
)

// HostMTU is that of a host's interface: what all links at which it is take, both ways.
func (t *Topology) HostMTU(id ID) int {
	most := MaximumMTU
	for _, e := range t.Adjacency[id] {
		if v := &t.Vertices[e.To]; v.Kind == Link {
			most = min(most, v.MTU())
		}
	}
	return most
}

// PathMTU is the least on a way from a to b, which hosts find out: what the ends' interfaces take, and each link.
func (t *Topology) PathMTU(a, b ID, way []Hop) int {
	least := min(t.HostMTU(a), t.HostMTU(b))
	for _, h := range way {
		least = min(least, t.Vertices[h.Link].MTU())
	}
	return least
}

// MTU is what a link takes in both directions.
func (v *Vertex) MTU() int {
	most := MaximumMTU
	for _, s := range v.Shape {
		if s.MTU > 0 {
			most = min(most, s.MTU)
		}
	}
	return most
}

// Vertex is a node or a link.
type Vertex struct {
	Name  string
	Kind  Kind
	Class string // groups like vertices: rpi3b+, server, wlan, business-isp; free text

	// Hosts.
	Memory units.ByteSize // 0: unknown
	CPU    int64          // thousandths of a core; 0: unknown
	Arch   string
	Type   string // ether's type, e.g. sbc
	Model  string // ether's model, e.g. rpi3b+

	// Links. Shape[0] serves Shared, Uplink, Downlink and packets that enter a Duplex link from its
	// first neighbour; Shape[1] those that enter a Duplex link from its second.
	LinkType LinkType
	Shape    [2]Shape
}

// Edge leads from one vertex to a neighbour.
type Edge struct {
	To    ID
	Delay time.Duration
}

// Topology is a directed graph. Vertices are in ether's order: nodes, links, and then those that appear
// in the adjacency only (switches, exchanges); vertices that the study knows nothing of (the cloud and
// its links) come after all others, from index EdgeNetwork on.
type Topology struct {
	Name        string
	Vertices    []Vertex
	Adjacency   [][]Edge // Adjacency[v]: the edges that leave v, in the order given
	EdgeNetwork int      // number of vertices before the cloud's
	EdgeOrder   []ID     // order of the vertices in ether's edges file; nil: that of Vertices

	Traces []*linktrace.Trace // that links follow, each checked

	index  map[string]ID
	places map[ID]string // see SetPlace
}

// New returns an empty topology.
func New(name string) *Topology {
	return &Topology{Name: name, index: map[string]ID{}}
}

// Add appends a vertex and returns its ID. It fails where the name is empty or taken.
func (t *Topology) Add(v Vertex) (ID, error) {
	if v.Name == "" {
		return 0, fmt.Errorf("a vertex needs a name")
	}
	if len(t.index) != len(t.Vertices) {
		t.Reindex()
	}
	if _, taken := t.index[v.Name]; taken {
		return 0, fmt.Errorf("the name %q is given twice", v.Name)
	}
	id := ID(len(t.Vertices))
	t.index[v.Name] = id
	t.Vertices = append(t.Vertices, v)
	t.Adjacency = append(t.Adjacency, nil)
	return id, nil
}

// Connect adds the directed edge from a to b.
func (t *Topology) Connect(a, b ID, delay time.Duration) {
	t.Adjacency[a] = append(t.Adjacency[a], Edge{To: b, Delay: delay})
}

// Alike says whether two topologies have the same vertices, whatever links do to packets: of equal names, kinds and
// types of links, in one order, so that an ID means the same in either.
func (t *Topology) Alike(o *Topology) bool {
	return slices.EqualFunc(t.Vertices, o.Vertices, func(v, w Vertex) bool {
		return v.Name == w.Name && v.Kind == w.Kind && v.LinkType == w.LinkType
	})
}

// Join adds the edges from a to b and from b to a.
func (t *Topology) Join(a, b ID, delay time.Duration) {
	t.Connect(a, b, delay)
	t.Connect(b, a, delay)
}

// JoinEnds adds the edges of a link between vertices by their names, the first end's first: a duplex link's queues
// follow from that.
func (t *Topology) JoinEnds(link ID, ends []string) error {
	l := &t.Vertices[link]
	for i, name := range ends {
		end, ok := t.Lookup(name)
		if !ok {
			return fmt.Errorf("link %s: there is no node %s", l.Name, name)
		}
		switch oneWay := l.LinkType == Uplink || l.LinkType == Downlink; {
		case !oneWay:
			t.Join(link, end, 0)
		case i == 0:
			t.Connect(end, link, 0)
		default:
			t.Connect(link, end, 0)
		}
	}
	return nil
}

// Lookup finds a vertex by name. It is slow, but right, where the vertices were not made by Add and
// Reindex has not been called.
func (t *Topology) Lookup(name string) (ID, bool) {
	if id, ok := t.index[name]; ok && int(id) < len(t.Vertices) && t.Vertices[id].Name == name {
		return id, true
	}
	if len(t.index) == len(t.Vertices) {
		return 0, false
	}
	for i := range t.Vertices {
		if t.Vertices[i].Name == name {
			return ID(i), true
		}
	}
	return 0, false
}

// Reindex rebuilds what Lookup uses, after the vertices were decoded from JSON or gob.
func (t *Topology) Reindex() {
	t.index = make(map[string]ID, len(t.Vertices))
	for i := range t.Vertices {
		t.index[t.Vertices[i].Name] = ID(i)
	}
}

// EdgeSize is the number of vertices of the edge network: EdgeNetwork, or all where it is not set.
func (t *Topology) EdgeSize() int {
	if t.EdgeNetwork > 0 {
		return t.EdgeNetwork
	}
	return len(t.Vertices)
}

// Hosts lists the vertices of kind Host, in order; Attached additionally those of kind Cloud, last.
func (t *Topology) Hosts() []ID { return t.where(func(v Vertex) bool { return v.Kind == Host }) }

// Attached lists the vertices that packets come from and go to: the hosts, then the cloud.
func (t *Topology) Attached() []ID {
	return append(t.Hosts(), t.where(func(v Vertex) bool { return v.Kind == Cloud })...)
}

// Links lists the link vertices, in order.
func (t *Topology) Links() []ID { return t.where(func(v Vertex) bool { return v.Kind == Link }) }

// Cloud is the vertex of kind Cloud, if there is one.
func (t *Topology) Cloud() (ID, bool) {
	for i, v := range t.Vertices {
		if v.Kind == Cloud {
			return ID(i), true
		}
	}
	return 0, false
}

func (t *Topology) where(keep func(Vertex) bool) []ID {
	var ids []ID
	for i, v := range t.Vertices {
		if keep(v) {
			ids = append(ids, ID(i))
		}
	}
	return ids
}
