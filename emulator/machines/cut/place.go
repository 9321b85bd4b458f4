package cut

import (
	"cmp"
	"slices"
)

// heavy is what it costs that all nodes are on machines that have no room for them, or that a machine has none: more
// than all traffic costs where it crosses near the floor, so that crossings decide only among even cuts.
const heavy = 20

// forbidden is what an edge costs that is below the floor of the two machines.
const forbidden = 1e6

// place gives each part a machine.
func (g *graph) place() ([]int, error) {
	count := len(g.limits)
	with := 0
	for _, load := range g.load {
		if load > 0 {
			with++
		}
	}
	if with < count {
		return nil, g.network.tooFew(g.parts, count)
	}
	var best []int
	bestCost := 0.0
	for _, size := range []float64{0, 1. / 8, 1. / 4, 1. / 2, 1} { // of the mean of machines, that clusters have at most
		of := g.attempt(size * Balance * float64(g.all) / float64(count))
		if cost := g.total(of); best == nil || cost < bestCost-1e-12 {
			best, bestCost = of, cost
		}
	}
	if bestCost >= forbidden {
		return nil, &Refused{pairs: true, Problems: []Problem{{
			Text:   "links that lead from part to part are below the floors measured between the machines",
			Remedy: "use machines that are nearer to one another, or fewer"}}}
	}
	for machine := range count {
		if !g.carries(best, machine) {
			return nil, g.network.idle(machine)
		}
	}
	return best, nil
}

// carries says whether a machine has a node.
func (g *graph) carries(of []int, machine int) bool {
	for part, m := range of {
		if m == machine && g.load[part] > 0 {
			return true
		}
	}
	return false
}

// attempt places clusters of at most size nodes, and then their parts.
func (g *graph) attempt(size float64) []int {
	levels := []*graph{g}
	var into [][]int
	for size > 0 && len(levels) < 32 {
		last := levels[len(levels)-1]
		to, count := last.cluster(size)
		if count == len(last.load) {
			break
		}
		into, levels = append(into, to), append(levels, last.coarse(to, count))
	}
	of := levels[len(levels)-1].greedy()
	for level := len(levels) - 1; ; level-- {
		levels[level].improve(of)
		if level == 0 {
			return of
		}
		finer := make([]int, len(levels[level-1].load))
		for i := range finer {
			finer[i] = of[into[level-1][i]]
		}
		of = finer
	}
}

// greedy places the largest clusters first, each where it has most to do with what is there and has room, and where
// there is no room, on the machine that is least over its limit.
func (g *graph) greedy() []int {
	of, order := make([]int, len(g.load)), make([]int, len(g.load))
	loads := make([]float64, len(g.limits))
	for i := range of {
		of[i], order[i] = g.pin[i], i
		if g.pin[i] >= 0 {
			loads[g.pin[i]] += float64(g.load[i])
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(g.load[b], g.load[a]) })
	affinity := make([]float64, len(g.limits))
	for _, i := range order {
		if of[i] >= 0 {
			continue
		}
		clear(affinity)
		for _, e := range g.edges[i] {
			if of[e.to] >= 0 {
				affinity[of[e.to]] += e.cost
			}
		}
		own := float64(g.load[i])
		best := 0
		better := func(a, b int) bool {
			roomA, roomB := loads[a]+own <= g.limits[a], loads[b]+own <= g.limits[b]
			if roomA != roomB {
				return roomA
			}
			if roomA && affinity[a] != affinity[b] {
				return affinity[a] > affinity[b]
			}
			return (loads[a]+own)/g.limits[a] < (loads[b]+own)/g.limits[b]
		}
		for m := 1; m < len(loads); m++ {
			if better(m, best) {
				best = m
			}
		}
		of[i] = best
		loads[best] += own
	}
	return of
}

// imbalance is what it costs that a machine has a load.
func (g *graph) imbalance(machine int, load float64) float64 {
	if g.all == 0 {
		return 0
	}
	cost := max(0, load-g.limits[machine]) + max(0, g.least[machine]-load)
	if load < 0.5 {
		cost += float64(g.all) // a machine with nothing to do is none
	}
	return heavy * cost / float64(g.all)
}

// crossing is what an edge costs between two machines.
func (g *graph) crossing(e *edge, a, b int) float64 {
	if a == b {
		return 0
	}
	if len(g.network.options.Pairs) > 0 && e.least < g.floor(a, b) {
		return forbidden
	}
	return e.cost
}

// total is what a placement costs.
func (g *graph) total(of []int) float64 {
	cost := 0.0
	loads := g.loads(of)
	for i := range g.edges {
		for k := range g.edges[i] {
			if e := &g.edges[i][k]; e.to > i {
				cost += g.crossing(e, of[i], of[e.to])
			}
		}
	}
	for m, load := range loads {
		cost += g.imbalance(m, load)
	}
	return cost
}

// loads are the machines' nodes.
func (g *graph) loads(of []int) []float64 {
	loads := make([]float64, len(g.limits))
	for i, m := range of {
		loads[m] += float64(g.load[i])
	}
	return loads
}
