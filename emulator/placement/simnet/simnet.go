// Package simnet is the network as the study's simulator sees it: messages are stored and forwarded
// whole by every link, nothing propagates, and the way from one node to another is the reverse of the
// shortest path back. Placements, whether for emulation or simulation, are made with it, so that both
// place the same.
package simnet

import (
	"math"
	"sync"
	"sync/atomic"

	"testbed/emulator/topology"
)

// Class numbers the sequences of rates that paths have: paths of one class take the same time for every
// size. Class 0 is the path of no links, from a node to itself; None is no path at all.
type Class int32

// None is the class where there is no path.
const None Class = -1

// Network holds the shortest paths of one topology, which must not change any more. Paths are found
// when they are first asked for. It is safe for concurrent use.
type Network struct {
	topology *topology.Topology
	graph    *graph  // all vertices
	core     *graph  // without leaves
	row      []int32 // row[vertex]: a host's position among the hosts, or -1
	hosts    []topology.ID
	groups   []leafGroup
	groupOf  []int32                   // of each host
	shared   []atomic.Pointer[column]  // shared[group]: the paths to its hosts
	exact    []atomic.Pointer[[]Class] // exact[host][source host], where sharing is not safe

	mu      sync.Mutex
	classes map[string]Class
	rates   atomic.Pointer[[][]float32] // rates[class], from source to destination
}

// column holds the classes of the paths to the hosts of one group.
type column struct {
	from []Class // from the hosts of each group
	twin Class   // between two hosts of the group
	tied bool    // there are equal ways, between which the order of search decides: nothing is shared
}

// New prepares the network of a topology's edge part: the cloud and its links are not in it.
func New(t *topology.Topology) *Network {
	n := &Network{topology: t, graph: newGraph(t, nil), classes: map[string]Class{"": 0}}
	n.rates.Store(&[][]float32{nil})
	n.row = make([]int32, t.EdgeSize())
	for i := range n.row {
		n.row[i] = -1
		if t.Vertices[i].Kind == topology.Host {
			n.row[i] = int32(len(n.hosts))
			n.hosts = append(n.hosts, topology.ID(i))
		}
	}
	var core []bool
	n.groups, n.groupOf, core = groupLeaves(t, n.hosts)
	n.core = newGraph(t, core)
	n.shared = make([]atomic.Pointer[column], len(n.groups))
	n.exact = make([]atomic.Pointer[[]Class], len(n.hosts))
	return n
}

// Topology is what the network was made from.
func (n *Network) Topology() *topology.Topology { return n.topology }

// Transfer is the time, in seconds, of a message of the given size from one host to another: the sum of
// its transmission times on the links between. It is 0 for no bytes, and +Inf where there is no path.
func (n *Network) Transfer(from, to topology.ID, bytes int64) float64 {
	return n.Time(n.Class(from, to), bytes)
}

// Time is the time, in seconds, of a message of the given size on a path of the given class.
func (n *Network) Time(c Class, bytes int64) float64 {
	if bytes == 0 {
		return 0
	}
	if c == None {
		return math.Inf(1)
	}
	return Seconds((*n.rates.Load())[c], bytes)
}

// Seconds adds, in float64, the float32 quotients of the message's bits and each of the rates. The
// simulator keeps capacities and quotients in float32.
func Seconds(rates []float32, bytes int64) float64 {
	bits, sum := float32(8*bytes), 0.0
	for _, r := range rates {
		sum += float64(bits / r)
	}
	return sum
}

// Hops is the number of links on the way; 0 where there is no path, too.
func (n *Network) Hops(from, to topology.ID) int {
	c := n.Class(from, to)
	if c == None {
		return 0
	}
	return n.Links(c)
}

// Links is the number of links on a path of the given class.
func (n *Network) Links(c Class) int { return len((*n.rates.Load())[c]) }

// Rates are the rates, in bit/s, of the links on a path of the given class, +Inf for those without limit.
func (n *Network) Rates(c Class) []float32 { return (*n.rates.Load())[c] }

// Class is the class of the path between two hosts; None where one of them is not a host.
func (n *Network) Class(from, to topology.ID) Class {
	source, dest := n.rowOf(from), n.rowOf(to)
	if source < 0 || dest < 0 {
		return None
	}
	return n.class(source, dest)
}

func (n *Network) class(source, dest int32) Class {
	if source == dest {
		return 0
	}
	g := n.groupOf[dest]
	c := n.shared[g].Load()
	if c == nil {
		c = n.findColumn(g)
	}
	switch {
	case c.tied:
		return n.exactly(dest)[source]
	case n.groupOf[source] == g:
		return c.twin
	}
	return c.from[n.groupOf[source]]
}

func (n *Network) rowOf(id topology.ID) int32 {
	if id < 0 || int(id) >= len(n.row) {
		return -1
	}
	return n.row[id]
}

// findColumn finds the paths to the hosts of a group, once for all of them.
func (n *Network) findColumn(to int32) *column {
	dest := &n.groups[to]
	// The distance of dest.at from the host, added up as the search itself would.
	distance := float32(0)
	if dest.leaf {
		distance = dest.cost + (dest.cost + cost(&n.topology.Vertices[dest.at]))
	}
	previous, tied := n.core.search(dest.at, distance)
	c := &column{tied: tied}
	if !tied {
		c.from = make([]Class, len(n.groups))
		var path []float32
		for g := range n.groups {
			c.from[g], path = n.between(&n.groups[g], dest, previous, path[:0])
		}
		c.twin = c.from[to]
	}
	n.shared[to].Store(c)
	return c
}

// between is the class of the path from the hosts of one group to those of another, or to others of the
// same. Path is a buffer, which it returns.
func (n *Network) between(source, dest *leafGroup, previous []int32, path []float32) (Class, []float32) {
	if source.leaf {
		path = append(path, source.up)
		if v := &n.topology.Vertices[source.at]; v.Kind == topology.Link {
			path = append(path, capacity(v, 0)) // a medium: leaves are nowhere else but at switches
		}
	}
	path, ok := n.walk(path, previous, source.at, dest.at)
	if !ok {
		return None, path
	}
	if dest.leaf {
		path = append(path, dest.down)
	}
	return n.intern(path), path
}

// exactly finds the paths to one host by a search through all vertices, as the simulator does.
func (n *Network) exactly(to int32) []Class {
	if c := n.exact[to].Load(); c != nil {
		return *c
	}
	dest := n.hosts[to]
	previous := n.graph.pathsFrom(dest)
	classes := make([]Class, len(n.hosts))
	var path []float32
	for i, source := range n.hosts {
		var ok bool
		classes[i] = None
		if path, ok = n.walk(path[:0], previous, source, dest); ok {
			classes[i] = n.intern(path)
		}
	}
	n.exact[to].Store(&classes)
	return classes
}

// walk follows the predecessors from source back to dest and appends the rates of the links between,
// without source.
func (n *Network) walk(path []float32, previous []int32, source, dest topology.ID) ([]float32, bool) {
	for v := source; v != dest; {
		p := topology.ID(previous[v])
		if p < 0 {
			return path, false
		}
		if link := &n.topology.Vertices[p]; link.Kind == topology.Link {
			path = append(path, capacity(link, n.topology.Direction(p, v)))
		}
		v = p
	}
	return path, true
}

// intern finds or makes the class of a sequence of rates.
func (n *Network) intern(path []float32) Class {
	key := make([]byte, 0, 4*len(path))
	for _, r := range path {
		bits := math.Float32bits(r)
		key = append(key, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if c, known := n.classes[string(key)]; known {
		return c
	}
	old := *n.rates.Load()
	rates := append(old[:len(old):len(old)], append([]float32(nil), path...))
	c := Class(len(old))
	n.classes[string(key)] = c
	n.rates.Store(&rates)
	return c
}
