package topology

import (
	"slices"
	"time"
)

// way is the shortest paths' part that lies in one segment. Vertices are indices in it.
type way struct {
	*segment
	chain []ID      // from the core to the destination
	paths *searched // to chain[0]
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
