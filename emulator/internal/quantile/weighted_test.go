package quantile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestWeightedIsLinearWhereWeightsAreEqual(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 30 {
		values, weights := make([]float64, n), make([]float64, n)
		for i := range values {
			values[i], weights[i] = random.NormFloat64(), 2.5
		}
		of, sorted := Weighted(values, weights), slices.Sorted(slices.Values(values))
		for _, p := range []float64{-1, 0, 0.01, 0.3, 0.5, 0.77, 1, 2} {
			if got, want := of(p), Linear(sorted, p); math.Abs(got-want) > 1e-9 {
				t.Errorf("%d values, %v: %v, want %v", n, p, got, want)
			}
		}
	}
}

// A sample that takes a stratum with a tenth of the probability, and weighs it ten times, has the whole's quantiles.
func TestWeightedStandsForTheWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var all, sample, weights []float64
	for i := range 200_000 {
		short := random.ExpFloat64()
		long := 5 + random.ExpFloat64()
		all = append(all, short)
		if i%10 == 0 {
			sample, weights = append(sample, short), append(weights, 10)
		}
		if i%4 == 0 {
			all, sample, weights = append(all, long), append(sample, long), append(weights, 1)
		}
	}
	of, sorted := Weighted(sample, weights), slices.Sorted(slices.Values(all))
	for _, p := range []float64{0.05, 0.25, 0.5, 0.75, 0.9, 0.99} {
		if got, want := of(p), Linear(sorted, p); math.Abs(got/want-1) > 0.05 {
			t.Errorf("quantile %v: %v, of the whole %v", p, got, want)
		}
	}
}
