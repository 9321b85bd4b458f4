package statistics

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// same compares bits, so that NaN is NaN.
func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s is %v, gonum's %v", what, got, want)
	}
}

func TestEstimatesAreGonumsBitForBit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 16, 17, 100, 1001} {
		for round := range 20 {
			x, y := make([]float64, n), make([]float64, n)
			for i := range n {
				x[i], y[i] = random.ExpFloat64()*1000, random.NormFloat64()
				if round%2 == 1 { // with ties
					x[i], y[i] = math.Round(x[i]/500), math.Round(y[i])
				}
			}
			wantMean, wantDeviation := stat.MeanStdDev(x, nil)
			mean, deviation := MeanStdDev(x)
			same(t, "MeanStdDev's mean", mean, wantMean)
			same(t, "the deviation", deviation, wantDeviation)
			same(t, "Mean", Mean(x), stat.Mean(x, nil))
			same(t, "Correlation", Correlation(x, y), stat.Correlation(x, y, nil))
			same(t, "Kendall", Kendall(x, y), stat.Kendall(x, y, nil))
		}
	}
}

func TestDistributionsAreGonumsBitForBit(t *testing.T) {
	for i := 1; i < 1000; i++ {
		p := float64(i) / 1000
		same(t, "NormalQuantile", NormalQuantile(p), distuv.UnitNormal.Quantile(p))
		x := (p - 0.5) * 20
		same(t, "NormalCDF", NormalCDF(x), distuv.UnitNormal.CDF(x))
		for _, freedom := range []float64{1, 2, 9, 99, 1e5} {
			same(t, "StudentQuantile", StudentQuantile(p, freedom), distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(p))
		}
	}
}

func TestStudentQuantileOfTables(t *testing.T) {
	for freedom, want := range map[float64]float64{1: 12.7062, 4: 2.7764, 9: 2.2622, 29: 2.0452, 120: 1.9799} {
		if got := StudentQuantile(0.975, freedom); math.Abs(got-want) > 1e-4 {
			t.Errorf("with %v degrees of freedom: %v, want %v", freedom, got, want)
		}
	}
}
