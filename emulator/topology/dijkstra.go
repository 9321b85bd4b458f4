package topology

import (
	"math"
	"time"
)

// searched are the shortest paths within a segment's core to one of its vertices. Trees whose destinations hang from
// that vertex share them.
type searched struct {
	next  []ID            // by index in the core: the vertex after it on the way; none where there is no way
	delay []time.Duration // by index in the core: that of the edge to that vertex
}

// weight is what a path is measured by: the time that a packet of 1500 bytes occupies the queues on it,
// then the propagation delay, then the number of vertices, so that equal rates fall back to nearness.
type weight struct {
	transmission float64
	delay        time.Duration
	hops         int
}

func (w weight) less(o weight) bool {
	switch {
	case math.Abs(w.transmission-o.transmission) > 1e-12:
		return w.transmission < o.transmission
	case w.delay != o.delay:
		return w.delay < o.delay
	default:
		return w.hops < o.hops
	}
}

// search finds the shortest paths within the segment's core, whose reversed edges are given, to the vertex of that
// index.
func (s *segment) search(t *Topology, dest ID, reversed [][]Edge) *searched {
	found := &searched{next: make([]ID, len(reversed)), delay: make([]time.Duration, len(reversed))}
	best := make([]weight, len(reversed))
	for i := range best {
		found.next[i] = none
		best[i].transmission = math.Inf(1)
	}
	dest = s.inner(dest)
	best[dest] = weight{}
	queue := frontier{{id: dest}}
	for len(queue) > 0 {
		at := queue.pop()
		index := s.outer(at.id)
		here := s.vertex(index)
		if best[at.id].less(at.weight) || (at.id != dest && t.Vertices[here].Kind.Attached()) {
			continue
		}
		for _, e := range reversed[at.id] {
			before := s.vertex(s.outer(e.To))
			w := weight{at.transmission + t.cost(before, here), at.delay + e.Delay, at.hops + 1}
			if w.less(best[e.To]) {
				best[e.To], found.next[e.To] = w, index
				queue.push(reached{w, e.To})
			}
		}
	}
	for i, next := range found.next {
		if next != none {
			found.delay[i] = edgeDelay(s.edges[s.outer(ID(i))], next)
		}
	}
	return found
}

func edgeDelay(edges []Edge, to ID) time.Duration {
	for _, e := range edges {
		if e.To == to {
			return e.Delay
		}
	}
	return 0
}

// reverse lists the edges by the vertex that they lead to: their Tos are where they come from, their Delays those of
// the edge and of the link that it leaves.
func (t *Topology) reverse() [][]Edge { return t.wholeGraph().reverse(t) }

// cost is the transmission time, in seconds, of 1500 bytes through v, when the packet goes on to next.
func (t *Topology) cost(v, next ID) float64 {
	vertex := &t.Vertices[v]
	if vertex.Kind != Link {
		return 0
	}
	dir := 0
	if vertex.LinkType == Duplex && len(t.Adjacency[v]) == 2 && t.Adjacency[v][0].To == next {
		dir = 1
	}
	return vertex.Shape[dir].Rate.Seconds(1500)
}
