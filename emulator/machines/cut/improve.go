package cut

import (
	"cmp"
	"slices"
)

// What bounds the search; it ends earlier where nothing gets better.
const (
	maxRounds   = 50
	perPair     = 12    // clusters of each of two machines that are tried for swaps
	improvement = 1e-12 // that counts
)

// improve moves clusters, and swaps pairs of them, as long as that makes the placement cheaper.
func (g *graph) improve(of []int) {
	loads := g.loads(of)
	for range maxRounds {
		for range maxRounds {
			if !g.moves(of, loads) {
				break
			}
		}
		if !g.swaps(of, loads) {
			return
		}
	}
}

// moves looks at each cluster once.
func (g *graph) moves(of []int, loads []float64) (moved bool) {
	costs := make([]float64, len(loads))
	for i := range g.load {
		if g.pin[i] >= 0 {
			continue
		}
		g.costs(of, i, costs)
		from, own := of[i], float64(g.load[i])
		best, gain := from, improvement
		for m := range loads {
			if m == from {
				continue
			}
			change := costs[from] - costs[m] +
				g.imbalance(from, loads[from]) - g.imbalance(from, loads[from]-own) +
				g.imbalance(m, loads[m]) - g.imbalance(m, loads[m]+own)
			if change > gain {
				best, gain = m, change
			}
		}
		if best != from {
			of[i], moved = best, true
			loads[from] -= own
			loads[best] += own
		}
	}
	return moved
}

// costs are what a cluster's edges would cost on each machine.
func (g *graph) costs(of []int, i int, costs []float64) {
	clear(costs)
	if len(g.network.options.Pairs) > 0 {
		for m := range costs {
			for k := range g.edges[i] {
				costs[m] += g.crossing(&g.edges[i][k], m, of[g.edges[i][k].to])
			}
		}
		return
	}
	for k := range g.edges[i] { // what all cost, less what is on the same machine
		costs[of[g.edges[i][k].to]] -= g.edges[i][k].cost
	}
}

// candidate is a cluster that would go to another machine.
type candidate struct {
	cluster int
	gain    float64 // by edges alone
}

// swaps looks at each pair of machines once, and makes the best swap of each.
func (g *graph) swaps(of []int, loads []float64) (swapped bool) {
	wishes := g.wishes(of)
	for a := range loads {
		for b := range a {
			swapped = g.swap(of, loads, wishes[[2]int{a, b}], wishes[[2]int{b, a}]) || swapped
		}
	}
	return swapped
}

// wishes are, by the machine that they are on and one that they would go to, the clusters that gain most by that.
func (g *graph) wishes(of []int) map[[2]int][]candidate {
	all := map[[2]int][]candidate{}
	costs := make([]float64, len(g.limits))
	for i := range g.load {
		if g.pin[i] >= 0 {
			continue
		}
		g.costs(of, i, costs)
		for m := range costs {
			if m != of[i] {
				key := [2]int{of[i], m}
				all[key] = append(all[key], candidate{i, costs[of[i]] - costs[m]})
			}
		}
	}
	for key, list := range all {
		slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.gain, a.gain) })
		all[key] = list[:min(len(list), perPair)]
	}
	return all
}

// swap makes the best swap of the candidates of two machines, if one makes the placement cheaper.
func (g *graph) swap(of []int, loads []float64, from, to []candidate) bool {
	best, gain := [2]int{}, improvement
	for _, x := range from {
		for _, y := range to {
			if change := g.swapGain(of, loads, x.cluster, y.cluster); change > gain {
				best, gain = [2]int{x.cluster, y.cluster}, change
			}
		}
	}
	if gain == improvement {
		return false
	}
	x, y := best[0], best[1]
	shift := float64(g.load[x] - g.load[y])
	loads[of[x]] -= shift
	loads[of[y]] += shift
	of[x], of[y] = of[y], of[x]
	return true
}

// swapGain is by how much a swap would make the placement cheaper.
func (g *graph) swapGain(of []int, loads []float64, x, y int) float64 {
	a, b := of[x], of[y]
	if a == b {
		return 0 // an earlier swap has moved one
	}
	gain := 0.0
	cost := func(i, machine, other, others int) (sum float64) {
		for k := range g.edges[i] {
			e := &g.edges[i][k]
			at := of[e.to]
			if e.to == other {
				at = others
			}
			sum += g.crossing(e, machine, at)
		}
		return sum
	}
	gain += cost(x, a, y, b) - cost(x, b, y, a)
	gain += cost(y, b, x, a) - cost(y, a, x, b)
	shift := float64(g.load[x] - g.load[y])
	gain += g.imbalance(a, loads[a]) - g.imbalance(a, loads[a]-shift)
	gain += g.imbalance(b, loads[b]) - g.imbalance(b, loads[b]+shift)
	return gain
}
