package simnet

import (
	"math"

	"testbed/emulator/topology"
)

// graph is the edge network with the simulator's float32 weights, in compressed rows.
type graph struct {
	first  []int32 // first[v]: index of v's first edge; first[v+1]: past its last
	to     []int32
	weight []float32
}

// newGraph weighs an edge by 2/capacity of the link that it leaves plus 2/capacity of the link that it
// enters, so that a path across a link costs it twice.
//
// Vertices outside core, if it is given, are left out.
func newGraph(t *topology.Topology, core []bool) *graph {
	n := t.EdgeSize()
	g := &graph{first: make([]int32, 1, n+1)}
	for v := range n {
		for _, e := range t.Adjacency[v] {
			if int(e.To) >= n || core != nil && !(core[v] && core[e.To]) {
				continue // the cloud's, or left out
			}
			g.to = append(g.to, int32(e.To))
			g.weight = append(g.weight, cost(&t.Vertices[v])+cost(&t.Vertices[e.To]))
		}
		g.first = append(g.first, int32(len(g.to)))
	}
	return g
}

// cost is a vertex's share of the weight of an edge. A duplex link that is slower one way counts as that.
func cost(v *topology.Vertex) float32 {
	if v.Kind != topology.Link {
		return 0
	}
	c := capacity(v, 0)
	if v.LinkType == topology.Duplex {
		c = min(c, capacity(v, 1))
	}
	return 2 / c
}

// capacity is a link's rate in bit/s, in the simulator's float32; +Inf where it has no limit.
func capacity(v *topology.Vertex, dir int) float32 {
	if v.Shape[dir].Rate <= 0 {
		return float32(math.Inf(1))
	}
	return float32(v.Shape[dir].Rate)
}

// pathsFrom gives each vertex's predecessor on the shortest path from source, -1 where there is none.
func (g *graph) pathsFrom(source topology.ID) []int32 {
	previous, _ := g.search(source, 0)
	return previous
}

// search runs Dijkstra's algorithm along the directed edges from source, which is at the given distance,
// and gives each vertex's predecessor, -1 where there is none. A transfer TO source later follows them
// backwards: on directed links it thus uses the way that leads away from its destination, which is the
// simulator's behaviour and part of its results.
//
// Between equal ways the one found first stays, and which is found first depends on the order in which
// the heap gives vertices of equal distance. The heap is therefore the simulator's: four children to a
// node, where a vertex is sifted up only past strictly larger ones (Boost's d_ary_heap_indirect). Tied
// says whether there were equal ways at all; if not, the order does not matter.
func (g *graph) search(source topology.ID, distance float32) (previous []int32, tied bool) {
	n := len(g.first) - 1
	previous = make([]int32, n)
	q := &queue{distance: make([]float32, n), position: make([]int32, n)}
	for i := range n {
		previous[i], q.distance[i], q.position[i] = -1, math.MaxFloat32, unseen
	}
	q.distance[source] = distance
	q.push(int32(source))
	for len(q.heap) > 0 {
		v := q.pop()
		for e := g.first[v]; e < g.first[v+1]; e++ {
			to := g.to[e]
			d := q.distance[v] + g.weight[e]
			if d == q.distance[to] && previous[v] != to {
				tied = true
			}
			if q.position[to] == done {
				continue
			}
			if d < q.distance[to] {
				q.distance[to], previous[to] = d, v
				if q.position[to] != unseen {
					q.up(q.position[to])
				}
			}
			if q.position[to] == unseen {
				q.push(to)
			}
		}
	}
	return previous, tied
}

// Positions in the heap of vertices that are not in it.
const (
	unseen = -1
	done   = -2
)

// arity is the number of children of a node of the heap.
const arity = 4

// queue is a heap of vertices by distance.
type queue struct {
	heap     []int32
	distance []float32
	position []int32
}

func (q *queue) push(v int32) {
	q.position[v] = int32(len(q.heap))
	q.heap = append(q.heap, v)
	q.up(q.position[v])
}

func (q *queue) pop() int32 {
	top, last := q.heap[0], len(q.heap)-1
	q.position[top] = done
	moved := q.heap[last]
	q.heap = q.heap[:last]
	if last > 0 {
		q.heap[0], q.position[moved] = moved, 0
		q.down()
	}
	return top
}

func (q *queue) up(at int32) {
	v := q.heap[at]
	for at > 0 {
		parent := (at - 1) / arity
		if !(q.distance[v] < q.distance[q.heap[parent]]) {
			break
		}
		q.heap[at], q.position[q.heap[parent]] = q.heap[parent], at
		at = parent
	}
	q.heap[at], q.position[v] = v, at
}

func (q *queue) down() {
	at, size := int32(0), int32(len(q.heap))
	v := q.heap[0]
	for {
		child := at*arity + 1
		if child >= size {
			break
		}
		least := child
		for c := child + 1; c < min(child+arity, size); c++ {
			if q.distance[q.heap[c]] < q.distance[q.heap[least]] {
				least = c
			}
		}
		if !(q.distance[q.heap[least]] < q.distance[v]) {
			break
		}
		q.heap[at], q.position[q.heap[least]] = q.heap[least], at
		at = least
	}
	q.heap[at], q.position[v] = v, at
}
