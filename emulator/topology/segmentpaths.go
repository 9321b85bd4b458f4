package topology

import (
	"slices"
	"time"
)

// segmentPaths are the shortest paths' part that lies in one segment. Vertices are indices in it.
type segmentPaths struct {
	*segment
	chain []ID      // from the core to the destination
	paths *searched // to chain[0]
}

// pathsFrom finds the paths of the segment that leads from source to the destination, and the source's index in it;
// nil where there is none.
func (p *Tree) pathsFrom(source ID) (*segmentPaths, ID) {
	if p.segments == nil {
		return p.parts[0].entry(source)
	}
	if number := p.segments.of[source]; number >= 0 {
		return p.pathsIn(number, source)
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
			return p.pathsIn(own[0], source)
		}
	}
	return nil, none
}

// pathsIn are those in the segment of that number.
func (p *Tree) pathsIn(number int32, source ID) (*segmentPaths, ID) {
	i, there := slices.BinarySearch(p.numbers, number)
	if !there {
		return nil, none
	}
	return p.parts[i].entry(source)
}

// entry is the source's index, where these paths lead from it to the destination; nil and none otherwise.
func (w *segmentPaths) entry(source ID) (*segmentPaths, ID) {
	v := w.index(source)
	if root := w.root(v); root != w.chain[0] && w.paths.next[w.inner(root)] == none {
		return nil, none
	}
	return w, v
}

// nextHop is the vertex after v, which is not the destination, on the way there, and the delay of the edge to it.
func (w *segmentPaths) nextHop(v ID) (next ID, delay time.Duration) {
	for i := len(w.chain) - 2; i >= 0; i-- {
		if w.chain[i] == v {
			next = w.chain[i+1]
			return next, w.down[next]
		}
	}
	if w.isPendant(v) {
		return w.parent[v], w.up[v]
	}
	i := w.inner(v)
	return w.paths.next[i], w.paths.delay[i]
}

// end is the index of the destination.
func (w *segmentPaths) end() ID { return w.chain[len(w.chain)-1] }
