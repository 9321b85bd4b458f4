package statistics

import "math"

// Alike gives the weights, or nil where they are all the same: then nothing depends on them.
func Alike(weights []float64) []float64 {
	for _, w := range weights {
		if w != weights[0] {
			return weights
		}
	}
	return nil
}

// WeightedMean is the mean of values, each counted as often as its weight says, above 0; nil: all once.
func WeightedMean(values, weights []float64) float64 {
	if weights == nil {
		return Mean(values)
	}
	sum, all := 0.0, 0.0
	for i, v := range values {
		sum, all = sum+weights[i]*v, all+weights[i]
	}
	return sum / all
}

// WeightedDeviation is the standard deviation of values around their weighted mean, with n/(n-1) as for a plain one.
func WeightedDeviation(values, weights []float64) float64 {
	if weights == nil {
		_, deviation := MeanStdDev(values)
		return deviation
	}
	mean, squares, all := WeightedMean(values, weights), 0.0, 0.0
	for i, v := range values {
		squares, all = squares+weights[i]*(v-mean)*(v-mean), all+weights[i]
	}
	n := float64(len(values))
	return math.Sqrt(squares / all * n / (n - 1))
}

// Balance gives numbers whose plain mean is the values' weighted one, m, and varies like that: m + n·w·(v-m)/Σw, which
// is the weighted mean linearised. What is known of plain means, as intervals and the bootstrap, then holds for it.
// That the values may come of strata is not made use of, which makes intervals too wide rather than too narrow.
// Without weights it is the values themselves.
func Balance(values, weights []float64) []float64 {
	if weights == nil || len(values) == 0 {
		return values
	}
	mean, all := WeightedMean(values, weights), 0.0
	for _, w := range weights {
		all += w
	}
	balanced := make([]float64, len(values))
	for i, v := range values {
		balanced[i] = mean + float64(len(values))*weights[i]*(v-mean)/all
	}
	return balanced
}
