package quantile

import (
	"cmp"
	"slices"
	"sort"
)

// Weighted is the quantile function of values that stand for as many as their weights say, which are above 0. It
// interpolates linearly between the middles of the values' weights, so that it is Linear where all weights are equal.
// p is in [0,1] and is clamped to that. The quantile of no values is 0.
func Weighted(values, weights []float64) func(p float64) float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	sorted, middles, sum := make([]float64, len(values)), make([]float64, len(values)), 0.0
	for i, at := range order {
		sorted[i], middles[i] = values[at], sum+weights[at]/2
		sum += weights[at]
	}
	return func(p float64) float64 {
		if len(sorted) < 2 {
			return Linear(sorted, p)
		}
		first, last := middles[0], middles[len(middles)-1]
		at := first + min(max(0, p), 1)*(last-first)
		high := min(max(1, sort.SearchFloat64s(middles, at)), len(middles)-1)
		low := high - 1
		return sorted[low] + (at-middles[low])/(middles[high]-middles[low])*(sorted[high]-sorted[low])
	}
}
