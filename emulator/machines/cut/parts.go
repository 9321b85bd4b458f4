package cut

import (
	"slices"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// network is a topology with what is known of its traffic, as items and bonds. Items are nodes, and queues, each at
// its tail: the item of a node, or of the first queue of a link, is its vertex; those of second queues follow.
type network struct {
	options   Options
	graph     *machines.Graph
	bonds     []bond
	total     float64 // traffic of all queues
	scale     float64 // that of all bonds that could be cut, too
	unlimited float64 // bit/s that a queue without a rate counts for
	segments  []bool  // by link: it is not cut, see machines.Segments; nil: none is
}

// bond joins two items: packets go from the one to the other.
type bond struct {
	from, to int
	least    time.Duration // that they take at least; 0 where held
	held     bool          // however long that takes: it is where a queue's tail is, a medium or a segment
	queue    *topology.Channel
	traffic  float64
	why      string // where it is written, of one that is there for a while
}

// item is that of a queue.
func (n *network) item(c topology.Channel) int {
	return int(c.Link) + c.Dir*len(n.graph.Topology.Vertices)
}

func newNetwork(t *topology.Topology, o Options) *network {
	n := &network{options: o, graph: machines.NewGraph(t), unlimited: float64(units.Gbps)}
	for _, c := range n.graph.Queues {
		n.unlimited = max(n.unlimited, float64(t.Vertices[c.Link].Shape[c.Dir].Rate))
	}
	if o.Segments {
		n.segments = machines.Segments(t)
	}
	for _, c := range n.graph.Queues {
		n.total += n.traffic(c)
		n.bind(c)
	}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			if t.Vertices[v].Kind != topology.Link && t.Vertices[e.To].Kind != topology.Link {
				n.bonds = append(n.bonds, bond{from: v, to: int(e.To), least: e.Delay, held: n.segment(v, int(e.To)),
					traffic: n.unlimited})
			}
		}
	}
	for i := range o.Moves {
		n.bindMove(&o.Moves[i])
	}
	n.scale = n.total
	for i := range n.bonds {
		b := &n.bonds[i]
		switch {
		case b.queue != nil:
		case o.Traffic != nil:
			b.traffic = o.Traffic.Edges[[2]topology.ID{topology.ID(b.from), topology.ID(b.to)}]
		default:
			n.scale += b.traffic
		}
	}
	if o.Traffic != nil {
		for i := range n.bonds {
			if n.bonds[i].queue == nil {
				n.total, n.scale = n.total+n.bonds[i].traffic, n.scale+n.bonds[i].traffic
			}
		}
	}
	return n
}

// bind adds the bonds of a queue: with those that send into it, and with its exits.
func (n *network) bind(c topology.Channel) {
	t, own := n.graph.Topology, n.item(c)
	entered := false // by a node, on whose machine the tail is then
	for _, e := range n.graph.Entries(c) {
		if t.Vertices[e.To].Kind != topology.Link {
			n.bonds = append(n.bonds, bond{from: int(e.To), to: own, held: true, queue: &c})
			entered = true
		}
	}
	if !entered {
		// Its tail is where those of the queues before it are.
		for _, e := range n.graph.Entries(c) {
			for _, q := range n.graph.Leading(e.To, c.Link) {
				n.bonds = append(n.bonds, bond{from: n.item(q), to: own, held: true, queue: &c})
			}
		}
	}
	for _, e := range n.graph.Exits(c) {
		b := bond{from: own, to: int(e.To), queue: &c, traffic: n.traffic(c)}
		if e.Queue != nil {
			b.to = n.item(*e.Queue)
		}
		b.held = t.Vertices[c.Link].LinkType == topology.Shared || n.segments != nil && n.segments[c.Link]
		if !b.held {
			b.least = n.leastTo(c, e)
		}
		n.bonds = append(n.bonds, b)
	}
}

// segment says whether an edge between two nodes is part of a segment that is not to be split.
func (n *network) segment(a, b int) bool {
	all := n.graph.Topology.Vertices
	return n.segments != nil && (all[a].Kind != topology.Exchange || all[b].Kind != topology.Exchange)
}

// bindMove adds the bonds of a host that is attached elsewhere for a while. Its link's queue towards the network has
// its tail at the host as before, and the other one where the link leads then.
func (n *network) bindMove(m *Move) {
	t := n.graph.Topology
	if t.Vertices[m.At].Kind != topology.Link { // there is no queue in which packets could cross
		b := bond{from: int(m.At), to: int(m.To), held: true, why: m.Why}
		if t.Vertices[m.To].Kind == topology.Link {
			b.queue = &topology.Channel{Link: m.To}
		}
		n.bonds = append(n.bonds, b)
		return
	}
	held := n.segments != nil && n.segments[m.At] || t.Vertices[m.To].Kind == topology.Link && !n.entered(m.To)
	for dir := range 2 {
		c := topology.Channel{Link: m.At, Dir: dir}
		for _, e := range n.graph.Exits(c) {
			b := bond{from: int(m.To), to: int(e.To), queue: &c, held: held, why: m.Why}
			if e.To == m.From {
				b.from, b.to = n.item(c), int(m.To)
				e = machines.Exit{To: m.To}
				if t.Vertices[m.To].Kind != topology.Link { // else it counts behind that one's queue
					e.Edge = n.edgeDelay(m.At, m.From)
				}
			}
			if !held {
				b.least = n.leastTo(c, e)
			}
			n.bonds = append(n.bonds, b)
		}
	}
}

// entered says whether a node sends into a medium; otherwise its tail is where those of the links are that do.
func (n *network) entered(medium topology.ID) bool {
	return slices.ContainsFunc(n.graph.Entries(topology.Channel{Link: medium}), func(e topology.Edge) bool {
		return n.graph.Topology.Vertices[e.To].Kind != topology.Link
	})
}

// edgeDelay is the delay of the edge between two vertices; 0: there is none.
func (n *network) edgeDelay(from, to topology.ID) time.Duration {
	for _, e := range n.graph.Topology.Adjacency[from] {
		if e.To == to {
			return e.Delay
		}
	}
	return 0
}

// leastTo is the least time from a queue to an exit, whatever events make of the queue.
func (n *network) leastTo(c topology.Channel, e machines.Exit) time.Duration {
	least := n.graph.Least(c, e)
	for _, s := range n.options.Lowest[c] {
		least = min(least, n.graph.LeastOf(s, c, e))
	}
	return least
}

// least is leastTo of the exit to a vertex.
func (n *network) least(c topology.Channel, to topology.ID) time.Duration {
	for _, e := range n.graph.Exits(c) {
		if e.To == to {
			return n.leastTo(c, e)
		}
	}
	return 0
}

// traffic is what goes through a queue: bytes of the workload, or its rate in bit/s.
func (n *network) traffic(c topology.Channel) float64 {
	if n.options.Traffic != nil {
		return n.options.Traffic.Queues[c]
	}
	if rate := n.graph.Topology.Vertices[c.Link].Shape[c.Dir].Rate; rate > 0 {
		return float64(rate)
	}
	return n.unlimited
}

// edgeTraffic is what goes over an edge without a link: bytes of the workload, or nothing that is known.
func (n *network) edgeTraffic(from, to string) float64 {
	a, _ := n.graph.Topology.Lookup(from)
	b, _ := n.graph.Topology.Lookup(to)
	if n.options.Traffic == nil {
		return 0
	}
	return n.options.Traffic.Edges[[2]topology.ID{a, b}]
}

// parts are what cannot be split, numbered by their first item.
type parts struct {
	of    []int // by item; -1: none, for nothing gets there
	nodes []int // hosts, and the cloud, of each
	pin   []int // machine of each; -1: any
	floor time.Duration
}

// contract joins what is held together, and what bonds below the floor join.
func (n *network) contract(floor time.Duration) (*parts, error) {
	t := n.graph.Topology
	sets := newSets(2 * len(t.Vertices))
	for i := range n.bonds {
		if b := &n.bonds[i]; b.held || b.least < floor {
			sets.join(b.from, b.to)
		}
	}
	p := &parts{of: make([]int, 2*len(t.Vertices)), floor: floor}
	number := map[int]int{}
	for i := range p.of {
		p.of[i] = -1
	}
	for i := range t.Vertices { // every part but those that nothing gets to has a node
		if t.Vertices[i].Kind == topology.Link {
			continue
		}
		root := sets.root(i)
		if _, known := number[root]; !known {
			number[root] = len(p.nodes)
			p.nodes, p.pin = append(p.nodes, 0), append(p.pin, -1)
		}
		p.of[i] = number[root]
		if t.Vertices[i].Kind.Attached() {
			p.nodes[p.of[i]]++
		}
	}
	for _, c := range n.graph.Queues {
		if k, known := number[sets.root(n.item(c))]; known {
			p.of[n.item(c)] = k
		}
	}
	return p, n.pinned(p)
}

// pinned gives the parts of pinned nodes their machine. It fails where two pins want one part on two machines.
func (n *network) pinned(p *parts) error {
	first := make([]*Pin, len(p.nodes))
	refused := &Refused{}
	for i := range n.options.Pins {
		pin := &n.options.Pins[i]
		part := p.of[pin.Node]
		switch before := first[part]; {
		case before == nil:
			first[part], p.pin[part] = pin, pin.Machine
		case before.Machine != pin.Machine && len(refused.Problems) < maxProblems:
			refused.Problems = append(refused.Problems, n.joins(p.floor, before, pin))
		}
	}
	if len(refused.Problems) > 0 {
		return refused
	}
	return nil
}

// sets is a union-find structure with path halving.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) root(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

// join unites two sets under the smaller root, so that the result does not depend on the order.
func (s sets) join(a, b int) {
	a, b = s.root(a), s.root(b)
	s[max(a, b)] = min(a, b)
}
