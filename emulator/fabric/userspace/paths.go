package userspace

import (
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// burstRate is the rate, in bit/s, of the slowest link from which on bursts of segments cross the fabric
// whole. Below it packets are carried one by one, as a real link would, where each of them matters.
const burstRate = 200 * units.Mbps

// hop is a queue on a path, the vertices that lead into it, and the delay behind it that is not the
// queue's own.
type hop struct {
	queue *queue
	extraDelay int64   // ns
	gates []*gate // from the vertex after the queue before, or the source, to the queue's link
}

// path is a packet's way to a destination.
type path struct {
	to      *port
	hops    []hop
	lastGates    []*gate // behind the last queue, the destination included
	leadDelay   int64   // ns, before the first hop, or where there are none
	keepsBursts   bool    // bursts need not be taken apart
	routers int     // how many take from the time to live

	end  *pathEnd // nil: the packet is delivered
	from *port   // of a branch
}

var unreachable = new(path)

// scratch is memory for the search of paths, which only the core's thread does.
type scratch struct {
	hops     []topology.Hop
	vertices []topology.ID
}

// computeTrees computes the shortest paths to every station beforehand, so that no packet waits for them.
func (t *table) computeTrees() []*topology.Tree {
	all := t.network.Topology.Trees()
	trees := make([]*topology.Tree, len(t.ports))
	for i, s := range t.network.Stations {
		trees[i] = all[s.ID] // nil for a station that is no host, computed when needed
	}
	return trees
}

// adoptTrees takes over what grow computed. Once the table is in force, only the core's thread calls it.
func (t *table) adoptTrees(trees []*topology.Tree) {
	for i, tree := range trees {
		if t.trees[i] == nil {
			t.trees[i] = tree
		}
	}
}

func (t *table) lookup(addr uint32) *port { return t.byAddr[addr] }

// path finds the way between two ports, nil where there is none.
func (t *table) path(from, to *port) *path {
	if t.paths[from.index] == nil {
		t.paths[from.index] = make([]*path, len(t.ports))
	}
	p := t.paths[from.index][to.index]
	if p == nil {
		p = t.findPath(from, to)
		t.paths[from.index][to.index] = p
	}
	if p == unreachable {
		return nil
	}
	return p
}

func (t *table) findPath(from, to *port) *path {
	source, tree := t.network.Stations[from.index].ID, t.tree(to)
	if !tree.Reaches(source) {
		return unreachable
	}
	return t.pathAlong(tree, source, to)
}

// tree is that of the shortest paths to a port.
func (t *table) tree(to *port) *topology.Tree {
	if t.trees[to.index] == nil {
		t.trees[to.index] = t.network.Topology.TreeTo(t.network.Stations[to.index].ID)
	}
	return t.trees[to.index]
}

// pathAlong is the tree's path from a vertex that it reaches to the port at its root.
func (t *table) pathAlong(tree *topology.Tree, source topology.ID, to *port) *path {
	steps, total := tree.Hops(t.scratch.hops[:0], source)
	t.scratch.hops = steps
	p := &path{to: to, hops: make([]hop, len(steps)), keepsBursts: true}
	if len(steps) == 0 {
		p.leadDelay = int64(total)
	}
	for i, s := range steps {
		at := t.index[s.Channel]
		own := t.network.Topology.Vertices[s.Link].Shape[s.Dir].Delay
		p.hops[i] = hop{queue: t.queues[at], extraDelay: int64(s.Delay - own)}
		p.keepsBursts = p.keepsBursts && !t.shapes[at].splitsBursts()
	}
	t.placeGates(p, tree, source)
	return p
}

// placeGates puts up the gates along the path.
func (t *table) placeGates(p *path, tree *topology.Tree, source topology.ID) {
	// The source's own link, where it is one, has been passed.
	t.scratch.vertices = tree.Vertices(t.scratch.vertices[:0], source)
	all := make([]*gate, len(t.scratch.vertices))
	from, hop := 0, 0
	for i, v := range t.scratch.vertices {
		all[i] = t.gates[v]
		if i > 0 && t.routers[v] {
			p.routers++
		}
		if i > 0 && t.network.Topology.Vertices[v].Kind == topology.Link {
			p.hops[hop].gates = all[from : i+1]
			from, hop = i+1, hop+1
		}
	}
	p.lastGates = all[from:]
}
