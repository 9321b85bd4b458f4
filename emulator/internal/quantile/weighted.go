package quantile

import (
	"cmp"
	"slices"
)

// Ascending sorts values, and gives the ranks at which they stand by their weights, for Weighted; nil without weights.
func Ascending(values, weights []float64) (sorted, ranks []float64) {
	if weights == nil {
		return slices.Sorted(slices.Values(values)), nil
	}
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	sorted, heavy := make([]float64, len(values)), make([]float64, len(values))
	for i, at := range order {
		sorted[i], heavy[i] = values[at], weights[at]
	}
	return sorted, Ranks(heavy)
}

// Ranks are the shares, from 0 to 1, at which the values of an ascending list stand that are counted as often as their
// weights say, above 0: from the middle of the first one's to the middle of the last one's weight. With equal weights
// they are those of Linear: i/(n-1).
func Ranks(weights []float64) []float64 {
	ranks := make([]float64, len(weights))
	for i := 1; i < len(weights); i++ {
		ranks[i] = ranks[i-1] + (weights[i-1]+weights[i])/2
	}
	if len(ranks) > 1 {
		last := ranks[len(ranks)-1]
		for i := range ranks {
			ranks[i] /= last
		}
	}
	return ranks
}

// Weighted is Linear of an ascending list whose values stand at the given ranks; see Ranks. Nil ranks are those of
// equal weights.
func Weighted(sorted, ranks []float64, p float64) float64 {
	if ranks == nil || len(sorted) == 0 {
		return Linear(sorted, p)
	}
	at, exact := slices.BinarySearch(ranks, min(max(0, p), 1))
	switch {
	case exact || at == 0:
		return sorted[at]
	case at == len(ranks):
		return sorted[at-1]
	}
	share := (p - ranks[at-1]) / (ranks[at] - ranks[at-1])
	return sorted[at-1] + share*(sorted[at]-sorted[at-1])
}
