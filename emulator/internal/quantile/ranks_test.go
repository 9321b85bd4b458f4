package quantile

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestRanksAreWhereWeightedHasTheValues, and those of Linear with equal weights.
func TestRanksAreWhereWeightedHasTheValues(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for n := range 60 {
		values, weights, equal := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range values {
			values[i], weights[i], equal[i] = float64(i), 1+9*random.Float64(), 3
		}
		of, ranks := Weighted(values, weights), Ranks(weights)
		for i, at := range ranks {
			if got := of(at); math.Abs(got-values[i]) > 1e-9 {
				t.Errorf("of %d: at %v is %v, not %v", n, at, got, values[i])
			}
		}
		for i, at := range Ranks(equal) {
			if n > 1 && at != float64(i)/float64(n-1) || n == 1 && at != 0 {
				t.Errorf("%d of %d equal weights is at %v", i, n, at)
			}
		}
	}
}
