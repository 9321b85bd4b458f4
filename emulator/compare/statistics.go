package compare

import (
	"cmp"
	"math"
	"slices"

	"testbed/emulator/internal/quantile"

	"testbed/emulator/internal/statistics"
)

func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return statistics.Mean(values)
}

// summarise describes values that stand for as many as their weights say; nil: each for one.
func summarise(values, weights []float64) Summary {
	if len(values) == 0 {
		return Summary{}
	}
	sorted, ranks := quantile.Ascending(values, weights)
	at := func(p float64) float64 { return quantile.Weighted(sorted, ranks, p) }
	s := Summary{
		N: len(values), Mean: statistics.WeightedMean(values, weights), Min: sorted[0], Max: sorted[len(sorted)-1],
		P5: at(0.05), P25: at(0.25), Median: at(0.5), P75: at(0.75), P95: at(0.95),
	}
	if len(values) > 1 {
		s.SD = statistics.WeightedDeviation(values, weights)
	}
	return s
}

// relative is the signed relative error; see ErrorStats for a measured time of 0.
func relative(measured, predicted float64) float64 {
	switch {
	case measured > 0:
		return (measured - predicted) / measured
	case predicted > 0:
		return -1
	default:
		return 0
	}
}

// errorStats describes the error of pairs, with their weights; nil: each stands for one.
func errorStats(measured, predicted, weights []float64) ErrorStats {
	all := float64(len(measured))
	if weights != nil {
		all = float64(len(weights)) * mean(weights)
	}
	of := func(signed func(i int) float64) (median, average, p95, bias float64) {
		if len(measured) == 0 {
			return 0, 0, 0, 0
		}
		sizes := make([]float64, len(measured))
		for i := range sizes {
			v := signed(i)
			sizes[i] = math.Abs(v)
			if weights != nil {
				v *= weights[i]
			}
			bias += v / all
		}
		sorted, ranks := quantile.Ascending(sizes, weights)
		return quantile.Weighted(sorted, ranks, 0.5), statistics.WeightedMean(sizes, weights),
			quantile.Weighted(sorted, ranks, 0.95), bias
	}
	var e ErrorStats
	e.Median, e.Mean, e.P95, e.Bias = of(func(i int) float64 { return relative(measured[i], predicted[i]) })
	difference := func(i int) float64 { return measured[i] - predicted[i] }
	e.AbsoluteMedian, e.AbsoluteMean, e.AbsoluteP95, e.AbsoluteBias = of(difference)
	return e
}

// kendall is Kendall's tau of two lists; nil where they hold fewer than two values.
func kendall(a, b []float64) *float64 {
	if len(a) < 2 {
		return nil
	}
	tau := statistics.Kendall(a, b)
	return &tau
}

// spearman is Spearman's rho: the correlation of ranks, equal values sharing theirs. It is 0 where a list
// is constant.
func spearman(a, b []float64) float64 {
	rho := statistics.Correlation(ranks(a), ranks(b))
	if math.IsNaN(rho) {
		return 0
	}
	return rho
}

func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}
