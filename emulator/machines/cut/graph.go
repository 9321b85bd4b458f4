package cut

import (
	"cmp"
	"math"
	"slices"
	"time"

	"testbed/emulator/machines"
)

// graph is what of a network can be cut: clusters of parts, and edges between them.
type graph struct {
	network *network
	parts   *parts
	load    []int    // nodes of each cluster
	pin     []int    // machine of each; -1: any
	edges   [][]edge // of each, by neighbour, rising
	all     int      // nodes of all
	limits  []float64
	least   []float64 // nodes below which a machine counts as idle
}

// edge leads to a neighbour.
type edge struct {
	to    int
	cost  float64       // of cutting it, see cost
	least time.Duration // of the bonds that it stands for
}

// near is how much more a crossing of which packets have no more than the floor costs than one with all the time in
// the world: what is late there is paid for by everybody who waits for it.
const near = 4

// cost is what a crossing costs, as a share of all traffic.
func (n *network) cost(b *bond) float64 {
	const present = 1e-6 // also a link that carries nothing is better not cut
	share := present
	if n.scale > 0 {
		share += b.traffic / n.scale
	}
	least := max(b.least, n.options.Floor/near)
	return share * (1 + near*float64(n.options.Floor)/float64(least))
}

func newGraph(n *network, p *parts) *graph {
	g := &graph{network: n, parts: p, load: p.nodes, pin: p.pin, edges: make([][]edge, len(p.nodes))}
	for i := range n.bonds {
		b := &n.bonds[i]
		from, to := p.of[b.from], p.of[b.to]
		if from < 0 || to < 0 || from == to {
			continue
		}
		cost := n.cost(b)
		g.edges[from] = append(g.edges[from], edge{to, cost, b.least})
		g.edges[to] = append(g.edges[to], edge{from, cost, b.least})
	}
	for i := range g.edges {
		g.edges[i] = merged(g.edges[i])
	}
	for _, load := range g.load {
		g.all += load
	}
	for _, share := range n.shares() {
		g.limits = append(g.limits, room(share, g.all))
		g.least = append(g.least, idle*share*float64(g.all))
	}
	return g
}

// room is how many of all nodes a machine may carry that is to have a share of them: up to Balance more, or as many
// more as make a whole one.
func room(share float64, all int) float64 {
	fair := share * float64(all)
	return max(Balance*fair, math.Ceil(fair-1e-9))
}

// idle is the part of its share below which a machine is paid for as if it were not there.
const idle = 0.5

// merged are the edges with those to one neighbour made one.
func merged(edges []edge) []edge {
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.to, b.to) })
	var one []edge
	for _, e := range edges {
		if last := len(one) - 1; last >= 0 && one[last].to == e.to {
			one[last].cost += e.cost
			one[last].least = min(one[last].least, e.least)
		} else {
			one = append(one, e)
		}
	}
	return one
}

// coarse is the graph with clusters merged whose number is the same in into, of count numbers.
func (g *graph) coarse(into []int, count int) *graph {
	c := *g
	c.load, c.pin, c.edges = make([]int, count), make([]int, count), make([][]edge, count)
	for i := range c.pin {
		c.pin[i] = -1
	}
	for i, k := range into {
		c.load[k] += g.load[i]
		if g.pin[i] >= 0 {
			c.pin[k] = g.pin[i]
		}
		for _, e := range g.edges[i] {
			if into[e.to] != k {
				c.edges[k] = append(c.edges[k], edge{into[e.to], e.cost, e.least})
			}
		}
	}
	for i := range c.edges {
		c.edges[i] = merged(c.edges[i])
	}
	return &c
}

// cluster merges clusters with the neighbour that they have most to do with, those that have least to do with others
// first, as long as the result has at most most nodes.
func (g *graph) cluster(most float64) (into []int, count int) {
	order := make([]int, len(g.load))
	weight := make([]float64, len(g.load))
	for i := range order {
		order[i] = i
		for _, e := range g.edges[i] {
			weight[i] += e.cost
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(len(g.edges[a]), len(g.edges[b])), cmp.Compare(weight[a], weight[b]))
	})
	s := newSets(len(g.load))
	load, pin := slices.Clone(g.load), slices.Clone(g.pin)
	for _, i := range order {
		own := s.root(i)
		best, bestCost := -1, 0.0
		for _, e := range g.edges[i] {
			other := s.root(e.to)
			fits := float64(load[own]+load[other]) <= most && (pin[own] < 0 || pin[other] < 0 || pin[own] == pin[other])
			if other != own && fits && e.cost > bestCost {
				best, bestCost = other, e.cost
			}
		}
		if best >= 0 {
			s.join(own, best)
			root, gone := min(own, best), max(own, best)
			load[root] += load[gone]
			pin[root] = max(pin[root], pin[gone])
		}
	}
	into = make([]int, len(g.load))
	number := map[int]int{}
	for i := range into {
		root := s.root(i)
		if _, known := number[root]; !known {
			number[root] = len(number)
		}
		into[i] = number[root]
	}
	return into, len(number)
}

// floor is the least delay between two machines.
func (g *graph) floor(a, b int) time.Duration {
	p := machines.Partition{Floor: g.network.options.Floor, Pairs: g.network.options.Pairs}
	return p.FloorOf(a, b)
}
