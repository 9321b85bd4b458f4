// Package statistics has the few estimates that comparisons and figures need, bit for bit as gonum/stat computes them:
// that package brings linear algebra along, 2 MB of the executable, which nothing here uses.
package statistics

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// Mean is NaN where there are no values.
func Mean(values []float64) float64 { return floats.Sum(values) / float64(len(values)) }

// MeanStdDev is the mean and the unbiased standard deviation, by the corrected two-pass algorithm (Chan, Golub and
// LeVeque, 1983). The deviation of fewer than two values is NaN.
func MeanStdDev(values []float64) (mean, deviation float64) {
	mean = Mean(values)
	n, squares, compensation := float64(len(values)), 0.0, 0.0
	for _, v := range values {
		d := v - mean
		squares += d * d
		compensation += d
	}
	return mean, math.Sqrt((squares - compensation*compensation/n) / (n - 1))
}

// Correlation is Pearson's of two lists of equal length, in [-1, 1]; NaN where one is constant.
func Correlation(x, y []float64) float64 {
	n, meanX, meanY := float64(len(x)), Mean(x), Mean(y)
	var xx, yy, xy, offX, offY float64
	for i, v := range x {
		dx, dy := v-meanX, y[i]-meanY
		xx += dx * dx
		yy += dy * dy
		xy += dx * dy
		offX += dx
		offY += dy
	}
	xx -= offX * offX / n
	yy -= offY * offY / n
	return (xy - offX*offY/n) / math.Sqrt(xx*yy)
}

// Kendall is Kendall's tau-a of two lists of equal length, in [-1, 1]; NaN for fewer than two values. Two equal values
// count as ascending ones.
func Kendall(x, y []float64) float64 {
	n := len(x)
	concordant, discordant := 0.0, 0.0
	for i := range n {
		for j := i + 1; j < n; j++ {
			if math.Signbit(x[j]-x[i]) == math.Signbit(y[j]-y[i]) {
				concordant++
			} else {
				discordant++
			}
		}
	}
	return (concordant - discordant) / float64(n*(n-1)/2)
}
