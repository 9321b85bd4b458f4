package machines

import (
	"slices"
	"time"

	"testbed/emulator/topology"
)

// Graph is a topology as packets see it: they go from a node into a queue, and from a queue to a node or into the
// next queue.
type Graph struct {
	Topology *topology.Topology
	Queues   []topology.Channel // all, links in order, a duplex link's first direction before its second

	incoming [][]topology.Edge // by vertex: the vertices that lead to it (in To), with the edges' delays
}

// Exit is where a packet goes from a queue: to a node, or to a link, of which it joins a queue.
type Exit struct {
	To    topology.ID
	Queue *topology.Channel // of the link To; nil: To is a node
	Edge  time.Duration     // delay of the edge to To, where that is a node (a link's edge counts behind its queue)
}

// NewGraph prepares a topology, which must be sound (topology.Validate).
func NewGraph(t *topology.Topology) *Graph {
	g := &Graph{Topology: t, incoming: make([][]topology.Edge, len(t.Vertices))}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			g.incoming[e.To] = append(g.incoming[e.To], topology.Edge{To: topology.ID(v), Delay: e.Delay})
		}
		if v := topology.ID(v); t.Vertices[v].Kind == topology.Link {
			g.Queues = append(g.Queues, topology.Channel{Link: v})
			if t.Vertices[v].LinkType == topology.Duplex {
				g.Queues = append(g.Queues, topology.Channel{Link: v, Dir: 1})
			}
		}
	}
	return g
}

// Entries lists the vertices from which packets join a queue, with the delays of the edges from there, which count
// behind the queue.
func (g *Graph) Entries(c topology.Channel) []topology.Edge {
	if g.Topology.Vertices[c.Link].LinkType != topology.Duplex {
		return g.incoming[c.Link]
	}
	var entries []topology.Edge
	for _, e := range g.incoming[c.Link] {
		if g.Topology.Direction(c.Link, e.To) == c.Dir {
			entries = append(entries, e)
		}
	}
	return entries
}

// Exits lists where packets go from a queue.
func (g *Graph) Exits(c topology.Channel) []Exit {
	entries := g.Entries(c)
	var exits []Exit
	for _, e := range g.Topology.Adjacency[c.Link] {
		back := func(entry topology.Edge) bool { return entry.To == e.To }
		if g.Topology.Vertices[c.Link].LinkType == topology.Duplex && slices.ContainsFunc(entries, back) {
			continue
		}
		exit := Exit{To: e.To, Edge: e.Delay}
		if g.Topology.Vertices[e.To].Kind == topology.Link {
			exit.Queue = &topology.Channel{Link: e.To, Dir: g.Topology.Direction(e.To, c.Link)}
			exit.Edge = 0
		}
		exits = append(exits, exit)
	}
	return exits
}

// Tails lists the nodes on whose machine a queue's tail is: those from which packets join it, or, where these come
// from other links only, the nodes on whose machine the tails of these links' queues are. It is empty where no packet
// of any node can get there.
func (g *Graph) Tails(c topology.Channel) []topology.ID {
	seen := map[topology.Channel]bool{c: true}
	for level := []topology.Channel{c}; len(level) > 0; {
		var nodes []topology.ID
		var before []topology.Channel
		for _, q := range level {
			for _, e := range g.Entries(q) {
				if g.Topology.Vertices[e.To].Kind != topology.Link {
					nodes = append(nodes, e.To)
					continue
				}
				for _, p := range g.Leading(e.To, q.Link) {
					if !seen[p] {
						seen[p] = true
						before = append(before, p)
					}
				}
			}
		}
		if len(nodes) > 0 {
			slices.Sort(nodes)
			return slices.Compact(nodes)
		}
		level = before
	}
	return nil
}

// Leading lists the queues of a link from which packets go to the vertex to.
func (g *Graph) Leading(link, to topology.ID) []topology.Channel {
	if g.Topology.Vertices[link].LinkType != topology.Duplex {
		return []topology.Channel{{Link: link}}
	}
	// Packets to that vertex have come from the other one.
	return []topology.Channel{{Link: link, Dir: 1 - g.Topology.Direction(link, to)}}
}

// Least is the least time from a packet's departure from a queue until it is at an exit: the delay less the jitter, at
// the least that a trace or a distribution makes of them, nothing where packets may overtake (reorder), with the delays
// of the edges around.
func (g *Graph) Least(c topology.Channel, e Exit) time.Duration {
	return g.LeastOf(g.Topology.Vertices[c.Link].Shape[c.Dir], c, e)
}

// LeastOf is what Least is where the queue has another shape.
func (g *Graph) LeastOf(s topology.Shape, c topology.Channel, e Exit) time.Duration {
	least := max(0, s.Delay-s.Jitter)
	if trace := g.Topology.Trace(&s); trace != nil {
		least = trace.Least(s.Delay, s.Jitter)
	}
	if delays := g.Topology.Delays(&s); delays != nil && s.Jitter > 0 {
		least = min(least, delays.Least(s.Delay, s.Jitter))
	}
	if s.Reorder > 0 {
		least = 0
	}
	entry := time.Duration(-1)
	for _, in := range g.Entries(c) {
		if in.To != e.To && (entry < 0 || in.Delay < entry) {
			entry = in.Delay
		}
	}
	return least + max(0, entry) + e.Edge
}
