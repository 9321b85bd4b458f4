package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// BlockInterval is the interval of 95 % of a statistic of n observations in the order of time, of which those near each
// other depend on each other, as chains that meet do: a moving-block bootstrap (Künsch, 1989) with blocks of √n
// observations, and the percentiles of 1,000 resamples. The statistic is given the indexes of a resample. Below two
// observations it is NaN.
func BlockInterval(n int, statistic func(indexes []int) float64) (low, high float64) {
	const resamples = 1000
	if n < 2 {
		return math.NaN(), math.NaN()
	}
	block := int(math.Ceil(math.Sqrt(float64(n))))
	random := rand.New(rand.NewPCG(1, uint64(n)))
	values, indexes := make([]float64, resamples), make([]int, 0, n+block)
	for i := range values {
		indexes = indexes[:0]
		for len(indexes) < n {
			from := random.IntN(n - block + 1)
			for k := range block {
				indexes = append(indexes, from+k)
			}
		}
		values[i] = statistic(indexes[:n])
	}
	slices.Sort(values)
	return values[resamples*25/1000], values[resamples*975/1000-1]
}
