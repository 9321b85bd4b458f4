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
	graph    *graph
	row      []int32 // row[vertex]: a host's position among the hosts, or -1
	hosts    []topology.ID
	columns  []atomic.Pointer[[]Class] // columns[destination][row[source]]

	mu      sync.Mutex
	classes map[string]Class
	rates   atomic.Pointer[[][]float32] // rates[class], from source to destination
}

// New prepares the network of a topology's edge part: the cloud and its links are not in it.
func New(t *topology.Topology) *Network {
	n := &Network{topology: t, graph: newGraph(t), classes: map[string]Class{"": 0}}
	n.rates.Store(&[][]float32{nil})
	n.row = make([]int32, t.EdgeSize())
	for i := range n.row {
		n.row[i] = -1
		if t.Vertices[i].Kind == topology.Host {
			n.row[i] = int32(len(n.hosts))
			n.hosts = append(n.hosts, topology.ID(i))
		}
	}
	n.columns = make([]atomic.Pointer[[]Class], len(n.hosts))
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
	r, column := n.rowOf(from), n.rowOf(to)
	if r < 0 || column < 0 {
		return None
	}
	return n.column(column)[r]
}

func (n *Network) rowOf(id topology.ID) int32 {
	if id < 0 || int(id) >= len(n.row) {
		return -1
	}
	return n.row[id]
}

// column gives the classes of the paths from all hosts to the one of the given row.
func (n *Network) column(to int32) []Class {
	if c := n.columns[to].Load(); c != nil {
		return *c
	}
	dest := n.hosts[to]
	previous := n.graph.pathsFrom(dest)
	column := make([]Class, len(n.hosts))
	var path []float32
	for i, source := range n.hosts {
		column[i] = None
		if path, ok := n.walk(path[:0], previous, source, dest); ok {
			column[i] = n.intern(path)
		}
	}
	n.columns[to].Store(&column)
	return column
}

// walk follows the predecessors from source back to dest and appends the rates of the links between.
func (n *Network) walk(path []float32, previous []int32, source, dest topology.ID) ([]float32, bool) {
	for v := source; v != dest; {
		p := topology.ID(previous[v])
		if p < 0 {
			return nil, false
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
