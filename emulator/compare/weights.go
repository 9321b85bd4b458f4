package compare

import (
	"cmp"
	"slices"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
)

// Chains of a sample stand for jobs, each for as many as its weight says. Means, quantiles and intervals of a model are
// of those jobs; what counts chains (errors, states, pairs within the bounds) counts chains.

// weight is how many jobs the chain stands for.
func (m *Chain) weight() float64 { return cmp.Or(m.Weight, 1) }

// mostWeight bounds a weight, so that sums of weighted times are numbers.
const mostWeight = 1e9

// ascending sorts values, and gives the ranks at which they stand; nil without weights.
func ascending(values, weights []float64) (sorted, ranks []float64) {
	if weights == nil {
		return slices.Sorted(slices.Values(values)), nil
	}
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	var heavy []float64
	for _, i := range order {
		sorted, heavy = append(sorted, values[i]), append(heavy, weights[i])
	}
	return sorted, quantile.Ranks(heavy)
}

// balanced are columns whose plain means are the weighted ones, for what is made for plain means.
func balanced(weights []float64, columns ...[]float64) [][]float64 {
	out := make([][]float64, len(columns))
	for i := range columns {
		out[i] = statistics.Balance(columns[i], weights)
	}
	return out
}
