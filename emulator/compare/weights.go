package compare

import (
	"cmp"

	"testbed/emulator/internal/statistics"
)

// Chains of a sample stand for jobs, each for as many as its weight says. Means, quantiles and intervals of a model are
// of those jobs; what counts chains (errors, states, pairs within the bounds) counts chains.

// weight is how many jobs the chain stands for.
func (m *Chain) weight() float64 { return cmp.Or(m.Weight, 1) }

// mostWeight bounds a weight, so that sums of weighted times are numbers.
const mostWeight = 1e9

// balanced are columns whose plain means are the weighted ones, for what is made for plain means.
func balanced(weights []float64, columns ...[]float64) [][]float64 {
	out := make([][]float64, len(columns))
	for i := range columns {
		out[i] = statistics.Balance(columns[i], weights)
	}
	return out
}
