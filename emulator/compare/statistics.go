package compare

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// quantile interpolates linearly between the sorted values (Hyndman and Fan's type 7); 0 where there are none.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := p * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return stat.Mean(values, nil)
}

func summarise(values []float64) Summary {
	sorted := slices.Sorted(slices.Values(values))
	return Summary{Mean: mean(values), Median: quantile(sorted, 0.5), P95: quantile(sorted, 0.95)}
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

// errorStats describes the relative error of pairs.
func errorStats(measured, predicted []float64) ErrorStats {
	signed, size := make([]float64, len(measured)), make([]float64, len(measured))
	for i := range measured {
		signed[i] = relative(measured[i], predicted[i])
		size[i] = math.Abs(signed[i])
	}
	s := summarise(size)
	return ErrorStats{Median: s.Median, Mean: s.Mean, P95: s.P95, Bias: mean(signed)}
}

// bootstrap is the mean of the differences and the 2.5 and 97.5 percentiles of the means of so many
// resamples (Efron, 1979), drawn by a generator of its own seeded with seed. It takes O(n·resamples).
func bootstrap(differences []float64, o Options) Interval {
	n := len(differences)
	if n == 0 {
		return Interval{}
	}
	random := rand.New(rand.NewPCG(o.Seed, uint64(n)))
	means := make([]float64, o.Resamples)
	for i := range means {
		sum := 0.0
		for range n {
			sum += differences[random.IntN(n)]
		}
		means[i] = sum / float64(n)
	}
	slices.Sort(means)
	return Interval{Mean: mean(differences), Low: quantile(means, 0.025), High: quantile(means, 0.975)}
}

// kendall is Kendall's tau of two lists; nil where they hold fewer than two values.
func kendall(a, b []float64) *float64 {
	if len(a) < 2 {
		return nil
	}
	tau := stat.Kendall(a, b, nil)
	return &tau
}
