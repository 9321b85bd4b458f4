package experiment

import (
	"maps"
	"slices"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/report/figures"
)

// tails are the quantities of which figures show the 95th percentile in place of the mean, with their columns.
var tails = map[string]string{
	"latency_p95_s": "latency_s", "network_p95_s": "network_s", "processing_p95_s": "processing_s",
}

// tail is the 95th percentile of each run, as a mean over runs or, where there is one only, with the interval that its
// chains, which meet each other, give.
func tail(x float64, runs map[string]*weighted) figures.Point {
	var all []float64
	for _, id := range slices.Sorted(maps.Keys(runs)) {
		m := runs[id]
		weights := statistics.Alike(m.weights)
		all = append(all, p95(m.values, weights))
		if len(runs) > 1 {
			continue
		}
		p := figures.Point{X: x, Y: all[0], Samples: len(m.values)}
		p.Low, p.High = statistics.BlockInterval(len(m.values), func(indexes []int) float64 {
			values, chosen := make([]float64, len(indexes)), []float64(nil)
			for i, at := range indexes {
				values[i] = m.values[at]
				if weights != nil {
					chosen = append(chosen, weights[at])
				}
			}
			return p95(values, chosen)
		})
		return p
	}
	return figures.Mean(x, all)
}

func p95(values, weights []float64) float64 {
	sorted, ranks := quantile.Ascending(values, weights)
	return quantile.Weighted(sorted, ranks, 0.95)
}
