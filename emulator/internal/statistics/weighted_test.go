package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestWeightedCountsAsOften(t *testing.T) {
	values, weights := []float64{1, 2, 4, 8}, []float64{3, 1, 2, 1}
	repeated := []float64{1, 1, 1, 2, 4, 4, 8}
	if got, want := WeightedMean(values, weights), Mean(repeated); math.Abs(got-want) > 1e-12 {
		t.Errorf("mean %v, not %v", got, want)
	}
	if got, want := Mean(Balance(values, weights)), Mean(repeated); math.Abs(got-want) > 1e-12 {
		t.Errorf("mean of the balanced %v, not %v", got, want)
	}
	_, want := MeanStdDev(values)
	if got := WeightedDeviation(values, []float64{5, 5, 5, 5}); math.Abs(got-want) > 1e-12 {
		t.Errorf("deviation %v, not %v", got, want)
	}
	if got := WeightedDeviation(values, nil); got != want {
		t.Errorf("deviation %v, not %v", got, want)
	}
	if Alike([]float64{2, 2}) != nil || Alike(nil) != nil || Alike(weights) == nil {
		t.Error("weights that are alike")
	}
	if !slices.Equal(Balance(values, nil), values) {
		t.Error("without weights the values are changed")
	}
}

// TestBalancedVaryLikeTheWeightedMean draws samples of units with weights, and holds the deviation of their weighted
// means against what the balanced values say of it.
func TestBalancedVaryLikeTheWeightedMean(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	const samples, n = 3000, 80
	var means, promised []float64
	for range samples {
		values, weights := make([]float64, n), make([]float64, n)
		for i := range values {
			weights[i] = 1 + 9*random.Float64()
			values[i] = random.ExpFloat64() + 3/weights[i]
		}
		means = append(means, WeightedMean(values, weights))
		_, deviation := MeanStdDev(Balance(values, weights))
		promised = append(promised, deviation/math.Sqrt(n))
	}
	_, actual := MeanStdDev(means)
	if said := Mean(promised); math.Abs(said/actual-1) > 0.05 {
		t.Errorf("weighted means deviate by %v; the balanced values say %v", actual, said)
	}
}
