package topology

import (
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
	parts    []segmentPaths // in the segments that lead to dest, in the order of their numbers
	numbers  []int32        // of these segments
	segments *segments      // nil: there is one, of the whole graph
}

// TreeTo computes the shortest paths to dest by Dijkstra's algorithm over the reversed edges, in
// O(E log V). Hosts and the cloud do not forward. Ties go to the vertex with the smaller index.
func (t *Topology) TreeTo(dest ID) *Tree {
	whole := t.wholeGraph()
	paths := whole.search(t, dest, whole.reverse(t))
	return &Tree{topology: t, dest: dest, parts: []segmentPaths{{whole, whole.chain(dest), paths}}}
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
			tree.parts = append(tree.parts, segmentPaths{s.all[n], chain, found[n][chain[0]]})
		}
		trees[id] = tree
	}
	return trees
}

// Reaches says whether there is a path from source to the tree's destination.
func (p *Tree) Reaches(source ID) bool {
	if source == p.dest {
		return true
	}
	w, _ := p.pathsFrom(source)
	return w != nil
}

// Hops appends to hops the queues on the way from source, in order, and returns the result with the
// path's total propagation delay. It returns hops unchanged where source is the destination or cannot reach it.
func (p *Tree) Hops(hops []Hop, source ID) ([]Hop, time.Duration) {
	if source == p.dest {
		return hops, 0
	}
	w, at := p.pathsFrom(source)
	if w == nil {
		return hops, 0
	}
	var total, pending time.Duration
	first := len(hops)
	for v := source; at != w.end(); {
		index, delay := w.nextHop(at)
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
	w, at := p.pathsFrom(source)
	if w == nil {
		return list
	}
	for ; at != w.end(); at, _ = w.nextHop(at) {
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
