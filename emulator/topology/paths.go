package topology

import (
	"math"
	"slices"
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
	ways     []way     // in the segments that lead to dest, in the order of their numbers
	numbers  []int32   // of these segments
	segments *segments // nil: there is one, of the whole graph
}

// way is the shortest paths' part that lies in one segment. Vertices are indices in it.
type way struct {
	*segment
	chain []ID      // from the core to the destination
	paths *searched // to chain[0]
}

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

// TreeTo computes the shortest paths to dest by Dijkstra's algorithm over the reversed edges, in
// O(E log V). Hosts and the cloud do not forward. Ties go to the vertex with the smaller index.
func (t *Topology) TreeTo(dest ID) *Tree {
	whole := t.whole()
	paths := whole.search(t, dest, whole.reverse(t))
	return &Tree{topology: t, dest: dest, ways: []way{{whole, whole.chain(dest), paths}}}
}

// Trees computes the shortest paths between all attached vertices, by destination: those that TreeTo computes, in
// O(E + C log C) for each of the C vertices of a segment's core from which destinations hang.
func (t *Topology) Trees() map[ID]*Tree { return t.trees(t.segments()) }

func (t *Topology) trees(s *segments) map[ID]*Tree {
	reversed, found := make([][][]Edge, len(s.all)), make([]map[ID]*searched, len(s.all))
	for i, segment := range s.all {
		reversed[i], found[i] = segment.reverse(t), map[ID]*searched{}
	}
	trees := map[ID]*Tree{}
	for _, id := range t.Attached() {
		if _, odd := s.odd[id]; odd {
			trees[id] = t.TreeTo(id)
			continue
		}
		tree := &Tree{topology: t, dest: id, numbers: s.from[id], segments: s}
		for _, n := range tree.numbers {
			chain := s.all[n].chain(s.all[n].index(id))
			if found[n][chain[0]] == nil {
				found[n][chain[0]] = s.all[n].search(t, chain[0], reversed[n])
			}
			tree.ways = append(tree.ways, way{s.all[n], chain, found[n][chain[0]]})
		}
		trees[id] = tree
	}
	return trees
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
func (t *Topology) reverse() [][]Edge { return t.whole().reverse(t) }

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
	id ID // index in the core
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

// enter finds the way from source, and its index in that way's segment; nil where there is none.
func (p *Tree) enter(source ID) (*way, ID) {
	if p.segments == nil {
		return p.ways[0].from(source)
	}
	if number := p.segments.of[source]; number >= 0 {
		return p.in(number, source)
	}
	// An end: of its segments and the destination's, both rising, the first in both.
	own, others := p.segments.into[source], p.numbers
	for len(own) > 0 && len(others) > 0 {
		switch {
		case own[0] < others[0]:
			own = own[1:]
		case own[0] > others[0]:
			others = others[1:]
		default:
			return p.in(own[0], source)
		}
	}
	return nil, none
}

// in is the way in the segment of that number.
func (p *Tree) in(number int32, source ID) (*way, ID) {
	i, there := slices.BinarySearch(p.numbers, number)
	if !there {
		return nil, none
	}
	return p.ways[i].from(source)
}

// from is the way, where it leads from source to the destination.
func (w *way) from(source ID) (*way, ID) {
	v := w.index(source)
	if root := w.root(v); root != w.chain[0] && w.paths.next[w.inner(root)] == none {
		return nil, none
	}
	return w, v
}

// step is the vertex after v, which is not the destination, on the way there, and the delay of the edge to it.
func (w *way) step(v ID) (next ID, delay time.Duration) {
	for i := len(w.chain) - 2; i >= 0; i-- {
		if w.chain[i] == v {
			next = w.chain[i+1]
			return next, w.down[next]
		}
	}
	if w.hangs(v) {
		return w.parent[v], w.up[v]
	}
	i := w.inner(v)
	return w.paths.next[i], w.paths.delay[i]
}

// end is the index of the destination.
func (w *way) end() ID { return w.chain[len(w.chain)-1] }

// Reaches says whether there is a path from source to the tree's destination.
func (p *Tree) Reaches(source ID) bool {
	if source == p.dest {
		return true
	}
	w, _ := p.enter(source)
	return w != nil
}

// Hops appends to hops the queues on the way from source, in order, and returns the result with the
// path's total propagation delay. It returns hops unchanged where source is the destination or cannot reach it.
func (p *Tree) Hops(hops []Hop, source ID) ([]Hop, time.Duration) {
	if source == p.dest {
		return hops, 0
	}
	w, at := p.enter(source)
	if w == nil {
		return hops, 0
	}
	var total, pending time.Duration
	first := len(hops)
	for v := source; at != w.end(); {
		index, delay := w.step(at)
		next := w.vertex(index)
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
		v, at = next, index
	}
	return hops, total
}

// Vertices appends to list the vertices on the way from source, it and the destination included, in order,
// and returns the result; list unchanged where there is no way.
func (p *Tree) Vertices(list []ID, source ID) []ID {
	if source == p.dest {
		return append(list, source)
	}
	w, at := p.enter(source)
	if w == nil {
		return list
	}
	for ; at != w.end(); at, _ = w.step(at) {
		list = append(list, w.vertex(at))
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
