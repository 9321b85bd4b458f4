package statistics

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// StudentQuantile is the quantile at p, in (0, 1), of Student's t with so many degrees of freedom, more than 0.
func StudentQuantile(p, freedom float64) float64 {
	at := func(tail float64) float64 {
		t := mathext.InvRegIncBeta(freedom/2, 0.5, 2*tail)
		return math.Sqrt(freedom * (1 - t) / t)
	}
	switch {
	case p == 0.5:
		return 0
	case p > 0.5:
		return at(1 - p)
	}
	return -at(p)
}

// NormalQuantile is the quantile at p, in [0, 1], of the standard normal distribution.
func NormalQuantile(p float64) float64 { return mathext.NormalQuantile(p) }

// NormalCDF is the standard normal distribution's probability of a value up to x.
func NormalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
