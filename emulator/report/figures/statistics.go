package figures

import (
	"math"
	"slices"

	"testbed/emulator/internal/statistics"
)

// Point is a mean with its 95 % confidence interval.
type Point struct {
	X         float64
	Y         float64
	Low, High float64 // NaN where there were fewer than two samples
	Samples   int     // from which the interval was computed
}

// confidence is the level of all intervals.
const confidence = 0.95

// Mean is the mean of independent samples (here: of replications) with its 95 % confidence interval by
// Student's t with one degree of freedom less than samples. Without samples all is NaN.
func Mean(x float64, samples []float64) Point {
	p := Point{X: x, Y: math.NaN(), Low: math.NaN(), High: math.NaN(), Samples: len(samples)}
	if len(samples) == 0 {
		return p
	}
	mean, deviation := statistics.MeanStdDev(samples)
	p.Y = mean
	if n := len(samples); n > 1 {
		half := studentT(n-1) * deviation / math.Sqrt(float64(n))
		p.Low, p.High = mean-half, mean+half
	}
	return p
}

// studentT is the two-sided quantile of Student's t at the level of confidence of all intervals, 95 %.
func studentT(freedom int) float64 {
	return statistics.StudentQuantile((1+confidence)/2, float64(freedom))
}

// bounded says whether the point has an interval.
func (p Point) bounded() bool { return !math.IsNaN(p.Low) && !math.IsNaN(p.High) }

// abscissas are the distinct values of x of all curves, ascending.
func abscissas(curves []Curve) []float64 {
	var values []float64
	for _, c := range curves {
		for _, p := range c.Points {
			values = append(values, p.X)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}
