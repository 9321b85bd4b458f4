package quantile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestWeightedIsLinearWithEqualWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 40; n++ {
		values, weights := make([]float64, n), make([]float64, n)
		for i := range values {
			values[i], weights[i] = random.NormFloat64(), 2.5
		}
		slices.Sort(values)
		ranks := Ranks(weights)
		for _, p := range []float64{-1, 0, 0.05, 0.25, 0.5, 0.95, 1, 2} {
			if got, want := Weighted(values, ranks, p), Linear(values, p); math.Abs(got-want) > 1e-12 {
				t.Errorf("of %d values at %v: %v, not %v", n, p, got, want)
			}
			if got, want := Weighted(values, nil, p), Linear(values, p); got != want {
				t.Errorf("of %d values without weights at %v: %v, not %v", n, p, got, want)
			}
		}
	}
}

// TestWeightedStandsForAll: a value of weight k is k values, but that it stands in the middle of them: ranks differ by
// half of the first's and the last's weight at most.
func TestWeightedStandsForAll(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	values, weights := make([]float64, 60), make([]float64, 60)
	var all []float64
	for i := range values {
		values[i], weights[i] = float64(i), float64(1+random.IntN(9))
		for range int(weights[i]) {
			all = append(all, values[i])
		}
	}
	ranks := Ranks(weights)
	for p := 0.0; p <= 1; p += 0.01 {
		if got, want := Weighted(values, ranks, p), Linear(all, p); math.Abs(got-want) > 2 {
			t.Errorf("at %v: %v, of all that they stand for %v", p, got, want)
		}
	}
	if Weighted(nil, []float64{}, 0.5) != 0 || Weighted([]float64{7}, Ranks([]float64{3}), 0.9) != 7 {
		t.Error("of none or one value")
	}
}
