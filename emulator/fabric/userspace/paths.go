package userspace

import (
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// BurstRate is the lowest rate, in bit/s, at which a link transmits bursts unsegmented. On slower links packets are
// carried one by one, as by a real link, since each of them counts.
const BurstRate = 200 * units.Mbps

// hop is a queue on a path:
//
//	vertices without a queue ---> gates ---> queue ---> q.delay + extraDelay ---> next hop's gates
type hop struct {
	queue      *queue
	mtu        int     // bytes of the largest packet that its link takes; 0: of any
	extraDelay int64   // ns behind the queue, in addition to its own delay: of the edges to the next queue
	gates      []*gate // of the vertices from the previous queue, or the source, to the queue's own link
}

// path is the route from a station to its destination, with everything that a packet meets there in order:
//
//	from --leadDelay--> hops[0] ... hops[n-1] --lastGates--> to, or end
type path struct {
	to          *port
	hops        []hop
	lastGates   []*gate // of the vertices behind the last queue, the destination included
	leadDelay   int64   // ns before the first hop, or all of the path where it has no hop
	keepsBursts bool    // no queue on it splits bursts
	routers     int     // how many vertices on it decrement the time to live
	mtu         int     // bytes of the largest packet that all of its links take; 0: of any
	narrow      []narrow
	segment     bool // it leads through no exchange, which would not forward frames

	end  *pathEnd // nil: the packet is delivered to the station to
	from *port    // the sender; of the branches of a flood only

	entered *gate // of the cut link behind which another machine's packets go on here; nil: they begin here
}

// narrow is a link on a path that takes less than those in front of it.
type narrow struct {
	hop     int // its index in path.hops
	mtu     int // bytes
	routers int // how many are in front of it
}

// unreachable stands in table.paths for pairs of stations between which there is no path.
var unreachable = new(path)

// scratch is memory that is reused from one search for a path to the next, all on the core's thread.
type scratch struct {
	hops     []topology.Hop
	vertices []topology.ID
}

// computeTrees computes the trees of shortest paths to all stations in advance, so that no packet waits for them.
func (t *table) computeTrees() []*topology.Tree {
	all := t.network.Topology.Trees()
	trees := make([]*topology.Tree, len(t.ports))
	for i, s := range t.network.Stations {
		trees[i] = all[s.ID] // nil for a station that is no host, computed when needed
	}
	return trees
}

// adoptTrees takes over what computeTrees returned. Once the table is in force, only the core's thread calls it.
func (t *table) adoptTrees(trees []*topology.Tree) {
	for i, tree := range trees {
		if t.trees[i] == nil {
			t.trees[i] = tree
		}
	}
}

func (t *table) lookup(addr uint32) *port { return t.byAddr[addr] }

// path looks up the path between two ports, or finds it on first use; nil where there is none.
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

// tree is the tree of shortest paths to a port; it is computed on first use.
func (t *table) tree(to *port) *topology.Tree {
	if t.trees[to.index] == nil {
		t.trees[to.index] = t.network.Topology.TreeTo(t.network.Stations[to.index].ID)
	}
	return t.trees[to.index]
}

// pathAlong is the path that the tree, which has the port to at its root, gives for a vertex that it reaches, as far as
// this machine carries it.
func (t *table) pathAlong(tree *topology.Tree, source topology.ID, to *port) *path {
	p := t.wholePath(tree, source, to)
	t.crosses(p, crossing{toAddress: t.addr(to)})
	return p
}

// wholePath is that path, whichever machines carry it.
func (t *table) wholePath(tree *topology.Tree, source topology.ID, to *port) *path {
	steps, total := tree.Hops(t.scratch.hops[:0], source)
	t.scratch.hops = steps
	p := &path{to: to, hops: make([]hop, len(steps)), keepsBursts: true}
	if len(steps) == 0 {
		p.leadDelay = int64(total)
	}
	for i, s := range steps {
		at := t.index[s.Channel]
		own := t.network.Topology.Vertices[s.Link].Shape[s.Dir].Delay
		p.hops[i] = hop{queue: t.queues[at], mtu: t.shapes[at].mtu, extraDelay: int64(s.Delay - own)}
		p.keepsBursts = p.keepsBursts && !t.shapes[at].splitsBursts()
	}
	t.placeGates(p, tree, source)
	return p
}

// placeGates lists the gates along the path before each queue, and counts its routers.
func (t *table) placeGates(p *path, tree *topology.Tree, source topology.ID) {
	// Where the source is a link itself (a shared medium that answers, see icmpReply), the packet has passed its queue.
	t.scratch.vertices = tree.Vertices(t.scratch.vertices[:0], source)
	all := make([]*gate, len(t.scratch.vertices))
	from, hop := 0, 0
	p.segment = true
	for i, v := range t.scratch.vertices {
		all[i] = t.gates[v]
		p.segment = p.segment && t.network.Topology.Vertices[v].Kind != topology.Exchange
		isHop := i > 0 && t.network.Topology.Vertices[v].Kind == topology.Link
		if isHop {
			p.narrows(hop)
		}
		if i > 0 && t.routers[v] {
			p.routers++
		}
		if isHop {
			p.hops[hop].gates = all[from : i+1]
			from, hop = i+1, hop+1
		}
	}
	p.lastGates = all[from:]
}

// narrows notes what the link of a hop takes, where that is less than all in front of it do.
func (p *path) narrows(hop int) {
	if m := p.hops[hop].mtu; m > 0 && (p.mtu == 0 || m < p.mtu) {
		p.mtu = m
		p.narrow = append(p.narrow, narrow{hop, m, p.routers})
	}
}
