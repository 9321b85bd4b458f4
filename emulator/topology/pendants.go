package topology

import (
	"slices"
	"time"
)

// pendants are the trees that hang from the rest of a segment, its core, by one vertex each: hosts with the cables
// that lead to them, whole buildings. All ways in and out of one lead along the only chain that there is, so that
// shortest paths have to be searched for within the core alone. In emulated networks that is a small part.
// All is by a vertex's index in the segment.
type pendants struct {
	parent   []ID            // the neighbour towards the core; none for one of the core. nil: nothing hangs
	up, down []time.Duration // of what hangs: the delays of the edges to the parent and from it
	children []int32         // how many hang from it directly
	core     []ID            // rising
	at       []ID            // of the core: the index there
}

// findPendants finds what hangs in a graph. Into a vertex that does not forward nothing is hung.
func findPendants(edges [][]Edge, forwards func(ID) bool) pendants {
	n := len(edges)
	p := pendants{parent: make([]ID, n), up: make([]time.Duration, n), down: make([]time.Duration, n),
		children: make([]int32, n), at: make([]ID, n)}
	near := (&Topology{Vertices: make([]Vertex, n), Adjacency: edges}).neighbours()
	degree, queue := make([]int, n), []ID(nil)
	for v := range near {
		slices.Sort(near[v])
		near[v] = slices.Compact(near[v])
		p.parent[v], degree[v] = none, len(near[v])
		if degree[v] == 1 {
			queue = append(queue, ID(v))
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		if degree[v] != 1 { // its last neighbour hangs from it
			continue
		}
		u := near[v][slices.IndexFunc(near[v], func(u ID) bool { return p.parent[u] == none })]
		up, there := onlyEdge(edges[v], u)
		down, back := onlyEdge(edges[u], v)
		if u == v || !there || !back || !forwards(u) {
			continue
		}
		p.parent[v], p.up[v], p.down[v] = u, up, down
		p.children[u]++
		if degree[u]--; degree[u] == 1 {
			queue = append(queue, u)
		}
	}
	for v, parent := range p.parent {
		if p.at[v] = none; parent == none {
			p.at[v] = ID(len(p.core))
			p.core = append(p.core, ID(v))
		}
	}
	return p
}

// onlyEdge is the delay of the edge to a vertex; false where there is none, or more than one.
func onlyEdge(edges []Edge, to ID) (delay time.Duration, only bool) {
	for _, e := range edges {
		if e.To != to {
			continue
		}
		if only {
			return 0, false
		}
		delay, only = e.Delay, true
	}
	return delay, only
}

// chain lists the vertices from the core to v, both included.
func (p *pendants) chain(v ID) []ID {
	chain := []ID{v}
	for p.isPendant(v) {
		v = p.parent[v]
		chain = append(chain, v)
	}
	slices.Reverse(chain)
	return chain
}

// root is the vertex of the core from which v hangs, or v.
func (p *pendants) root(v ID) ID {
	for p.isPendant(v) {
		v = p.parent[v]
	}
	return v
}

func (p *pendants) isPendant(v ID) bool { return p.parent != nil && p.parent[v] != none }

// size is the number of the core's vertices, of a segment of that many.
func (p *pendants) size(vertices int) int {
	if p.parent == nil {
		return vertices
	}
	return len(p.core)
}

// inner is a vertex's index in the core, none where it hangs; outer is the vertex with that index.
func (p *pendants) inner(v ID) ID {
	if p.parent == nil {
		return v
	}
	return p.at[v]
}

func (p *pendants) outer(inner ID) ID {
	if p.parent == nil {
		return inner
	}
	return p.core[inner]
}
