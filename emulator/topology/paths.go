package topology

import (
	"math"
	"time"

	"testbed/emulator/units"
)

// Channel is one queue of a link: the link's vertex and the index into its Shape.
type Channel struct {
	Link ID
	Dir  int
}

// Hop is one queue on a packet's way, and the propagation delay from it to the next queue (or the
// destination): the link's own and that of the edges on both its sides.
type Hop struct {
	Channel
	Delay time.Duration
}

// Tree holds the shortest paths from every attached vertex to one destination.
type Tree struct {
	topology *Topology
	dest     ID
	next     []ID            // next[v]: the vertex after v on the way to dest; -1 where there is none
	delay    []time.Duration // delay[v]: that of the edge from v to next[v]
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

// TreeTo computes the shortest paths to dest by Dijkstra's algorithm over the reversed edges, in
// O(E log V). Hosts and the cloud do not forward. Ties go to the vertex with the smaller index.
func (t *Topology) TreeTo(dest ID) *Tree {
	return t.treeTo(dest, t.reverse())
}

// Trees computes the shortest paths between all attached vertices, by destination.
func (t *Topology) Trees() map[ID]*Tree {
	reversed, trees := t.reverse(), map[ID]*Tree{}
	for _, id := range t.Attached() {
		trees[id] = t.treeTo(id, reversed)
	}
	return trees
}

func (t *Topology) treeTo(dest ID, reversed [][]Edge) *Tree {
	tree := &Tree{topology: t, dest: dest, next: make([]ID, len(t.Vertices)), delay: make([]time.Duration, len(t.Vertices))}
	best := make([]weight, len(t.Vertices))
	for i := range tree.next {
		tree.next[i] = -1
		best[i].transmission = math.Inf(1)
	}
	best[dest] = weight{}
	queue := frontier{{id: dest}}
	for len(queue) > 0 {
		at := queue.pop()
		if best[at.id].less(at.weight) || (at.id != dest && t.Vertices[at.id].Kind.Attached()) {
			continue
		}
		for _, e := range reversed[at.id] { // e.Delay is the edge's and that of the link it leaves
			w := weight{at.transmission + t.cost(e.To, at.id), at.delay + e.Delay, at.hops + 1}
			if w.less(best[e.To]) {
				best[e.To], tree.next[e.To] = w, at.id
				queue.push(reached{w, e.To})
			}
		}
	}
	for v, next := range tree.next {
		if next >= 0 {
			tree.delay[v] = t.edgeDelay(ID(v), next)
		}
	}
	return tree
}

func (t *Topology) edgeDelay(from, to ID) time.Duration {
	for _, e := range t.Adjacency[from] {
		if e.To == to {
			return e.Delay
		}
	}
	return 0
}

func (t *Topology) reverse() [][]Edge {
	reversed := make([][]Edge, len(t.Vertices))
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			delay := e.Delay
			if t.Vertices[v].Kind == Link {
				delay += t.Vertices[v].Shape[0].Delay
			}
			reversed[e.To] = append(reversed[e.To], Edge{To: ID(v), Delay: delay})
		}
	}
	return reversed
}

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

type reached struct {
	weight
	id ID
}

func (r *reached) before(o *reached) bool {
	if r.less(o.weight) {
		return true
	}
	return !o.less(r.weight) && r.id < o.id
}

// frontier is a binary heap.
type frontier []reached

func (f *frontier) push(r reached) {
	h := append(*f, r)
	*f = h
	i := len(h) - 1
	for i > 0 && r.before(&h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = r
}

func (f *frontier) pop() reached {
	h := *f
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*f = h
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(&h[child]) {
			child++
		}
		if !h[child].before(&last) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	return top
}

// Reaches says whether there is a path from source to the tree's destination.
func (p *Tree) Reaches(source ID) bool { return source == p.dest || p.next[source] >= 0 }

// Hops appends to hops the queues on the way from source, in order, and returns the result with the
// path's total propagation delay. It returns hops unchanged where source is the destination or cannot reach it.
func (p *Tree) Hops(hops []Hop, source ID) ([]Hop, time.Duration) {
	var total, pending time.Duration
	first := len(hops)
	for v := source; v != p.dest; {
		next := p.next[v]
		if next < 0 {
			return hops[:first], 0
		}
		delay := p.delay[v]
		total += delay
		if vertex := &p.topology.Vertices[next]; vertex.Kind == Link {
			dir := p.topology.Direction(next, v)
			total += vertex.Shape[dir].Delay
			// The edge into the link counts behind its queue: the queue stands at the sender's side.
			hops = append(hops, Hop{Channel{next, dir}, pending + delay + vertex.Shape[dir].Delay})
			pending = 0
		} else if len(hops) > first {
			hops[len(hops)-1].Delay += delay
		} else {
			pending += delay
		}
		v = next
	}
	return hops, total
}

// Vertices appends to list the vertices on the way from source, it and the destination included, in order,
// and returns the result; list unchanged where there is no way.
func (p *Tree) Vertices(list []ID, source ID) []ID {
	if !p.Reaches(source) {
		return list
	}
	for v := source; v != p.dest; v = p.next[v] {
		list = append(list, v)
	}
	return append(list, p.dest)
}

// Direction is the index of the queue that a packet joins which enters link from the vertex from.
func (t *Topology) Direction(link, from ID) int {
	if t.Vertices[link].LinkType == Duplex && len(t.Adjacency[link]) == 2 && t.Adjacency[link][1].To == from {
		return 1
	}
	return 0
}

// Bottleneck is the smallest rate on the hops; 0 where none is limited.
func (t *Topology) Bottleneck(hops []Hop) units.BitRate {
	var least units.BitRate
	for _, h := range hops {
		if r := t.Vertices[h.Link].Shape[h.Dir].Rate; r > 0 && (least == 0 || r < least) {
			least = r
		}
	}
	return least
}
