package cut

import (
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
}

// bond joins two items: packets go from the one to the other.
type bond struct {
	from, to int
	least    time.Duration // that they take at least; 0 where held
	held     bool          // however long that takes: it is where a queue's tail is, or a medium
	queue    *topology.Channel
	traffic  float64
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
	for _, c := range n.graph.Queues {
		n.total += n.traffic(c)
		n.bind(c)
	}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			if t.Vertices[v].Kind != topology.Link && t.Vertices[e.To].Kind != topology.Link {
				n.bonds = append(n.bonds, bond{from: v, to: int(e.To), least: e.Delay, traffic: n.unlimited})
			}
		}
	}
	n.scale = n.total
	for i := range n.bonds {
		b := &n.bonds[i]
		switch {
		case b.queue != nil:
		case o.Traffic != nil:
			b.traffic = 0 // not known
		default:
			n.scale += b.traffic
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
		b.held = t.Vertices[c.Link].LinkType == topology.Shared
		if !b.held {
			b.least = n.leastTo(c, e)
		}
		n.bonds = append(n.bonds, b)
	}
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
		return n.options.Traffic[c]
	}
	if rate := n.graph.Topology.Vertices[c.Link].Shape[c.Dir].Rate; rate > 0 {
		return float64(rate)
	}
	return n.unlimited
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
