package compare

import (
	"math"
	"math/rand/v2"
	"slices"

	"testbed/emulator/internal/quantile"

	"testbed/emulator/internal/statistics"
)

// The bootstrap (Efron, 1979) draws, for each of so many resamples, n of the n observations with
// replacement. That is n·resamples draws: a billion for 100,000 chains. But the sum of n draws is also the
// sum of n/m sums of m draws, and those can be taken from a pool that is drawn once: with m about
// √(resamples·n/pool) it takes 2·√(pool·resamples·n) draws, 8 million for 100,000 chains. The pool's
// mean is set to the observations', so no bias comes of it; its finite size adds a standard error of
// 1/√(2·pool), 0.6 %, to the intervals' widths, less than 10,000 resamples do by themselves.

const (
	poolSize     = 1 << 14
	directly     = 200 // observations up to which every resample is drawn one by one
	leastForMean = 2   // observations below which there is no interval: low and high are then the mean
)

// matrix holds observations, row by row, with the columns' means taken off.
type matrix struct {
	rows, columns int
	means         []float64
	values        []float64
}

// newMatrix takes columns of equal length.
func newMatrix(columns ...[]float64) *matrix {
	m := &matrix{columns: len(columns), rows: len(columns[0]), means: make([]float64, len(columns))}
	m.values = make([]float64, m.rows*m.columns)
	for c, values := range columns {
		m.means[c] = mean(values)
		for r, v := range values {
			m.values[r*m.columns+c] = v - m.means[c]
		}
	}
	return m
}

// draw adds a row of values that is drawn at random to sum.
func draw(random *rand.Rand, values, sum []float64) {
	k := len(sum)
	at := int(random.Uint64N(uint64(len(values)/k))) * k
	for c, v := range values[at : at+k] {
		sum[c] += v
	}
}

// pool draws sums of size rows; their mean is 0.
func (m *matrix) pool(random *rand.Rand, size int) []float64 {
	k := m.columns
	sums, shift := make([]float64, poolSize*k), make([]float64, k)
	for i := 0; i < len(sums); i += k {
		for range size {
			draw(random, m.values, sums[i:i+k])
		}
		for c, v := range sums[i : i+k] {
			shift[c] += v / poolSize
		}
	}
	for i := range sums {
		sums[i] -= shift[i%k]
	}
	return sums
}

// resample gives the columns' means in so many resamples, less the columns' means: deviations[column][resample].
func (m *matrix) resample(random *rand.Rand, resamples int) [][]float64 {
	block, blocks := 1, m.values
	if m.rows > directly {
		block = max(2, int(math.Sqrt(float64(resamples)*float64(m.rows)/poolSize)))
		blocks = m.pool(random, block)
	}
	deviations := make([][]float64, m.columns)
	for c := range deviations {
		deviations[c] = make([]float64, resamples)
	}
	sum := make([]float64, m.columns)
	for i := range resamples {
		clear(sum)
		for range m.rows / block {
			draw(random, blocks, sum)
		}
		for range m.rows % block {
			draw(random, m.values, sum)
		}
		for c, v := range sum {
			deviations[c][i] = v / float64(m.rows)
		}
	}
	return deviations
}

// intervals are the columns' means with their confidence intervals, all from the same resamples.
func intervals(o Options, columns ...[]float64) []Interval {
	out := make([]Interval, len(columns))
	var varying []int
	var of [][]float64
	for c, values := range columns {
		out[c].Mean = mean(values)
		out[c].Low, out[c].High = out[c].Mean, out[c].Mean
		if len(values) >= leastForMean && slices.Min(values) < slices.Max(values) {
			varying, of = append(varying, c), append(of, values)
		}
	}
	if len(of) == 0 {
		return out
	}
	m := newMatrix(of...)
	for i, deviations := range m.resample(o.random(m.rows), o.Resamples) {
		cube, square := 0.0, 0.0
		for r := i; r < len(m.values); r += m.columns {
			v := m.values[r]
			cube, square = cube+v*v*v, square+v*v
		}
		low, high := bca(0, deviations, acceleration(cube, square), m.rows)
		out[varying[i]] = Interval{Mean: m.means[i], Low: m.means[i] + low, High: m.means[i] + high}
	}
	return out
}

// random is a generator of its own for each comparison of so many observations.
func (o Options) random(n int) *rand.Rand { return rand.New(rand.NewPCG(o.Seed, uint64(n))) }

// acceleration is BCa's, from the sums of the third and second powers of the influence values.
func acceleration(cube, square float64) float64 {
	if square <= 0 {
		return 0
	}
	if a := cube / (6 * math.Pow(square, 1.5)); !math.IsNaN(a) && !math.IsInf(a, 0) {
		return a
	}
	return 0 // the squares are too small to be told from none
}

// bca is the bias-corrected and accelerated 95 % interval (Efron, 1987) of an estimate from n observations,
// with its replicates, which it sorts. The normal quantiles are replaced by √(n/(n-1)) times Student's with
// n-1 degrees of freedom (Hesterberg's expanded percentiles, 2015), for the bootstrap alone is too narrow
// where n is small.
func bca(estimate float64, replicates []float64, acceleration float64, n int) (low, high float64) {
	slices.Sort(replicates)
	below, _ := slices.BinarySearch(replicates, estimate)
	upto := below
	for upto < len(replicates) && replicates[upto] == estimate {
		upto++
	}
	share := (float64(below+upto)/2 + 0.5) / float64(len(replicates)+1)
	bias := statistics.NormalQuantile(share)
	wide := statistics.StudentQuantile(0.975, float64(n-1)) * math.Sqrt(float64(n)/float64(n-1))
	at := func(z float64) float64 {
		z += bias
		return quantile.Linear(replicates, statistics.NormalCDF(bias+z/max(0.1, 1-acceleration*z)))
	}
	return at(-wide), at(wide)
}

// pairedRatio is mean(of) / mean(to) with its interval, over pairs.
func pairedRatio(of, to []float64, o Options) Share {
	m := newMatrix(of, to)
	if m.rows == 0 || m.means[1] == 0 {
		return Share{}
	}
	out := Share{Ratio: m.means[0] / m.means[1]}
	if out.Low, out.High = out.Ratio, out.Ratio; m.rows < leastForMean {
		return out
	}
	d := m.resample(o.random(m.rows), o.Resamples)
	cube, square := 0.0, 0.0
	for r := range m.rows {
		u := m.values[2*r] - out.Ratio*m.values[2*r+1]
		cube, square = cube+u*u*u, square+u*u
	}
	out.Low, out.High = bca(out.Ratio, ratios(m.means[0], m.means[1], d[0], d[1]), acceleration(cube, square), m.rows)
	return out
}

// unpairedRatio is the same of two independent samples.
func unpairedRatio(of, to []float64, o Options) Share {
	if len(of) == 0 || len(to) == 0 || mean(to) == 0 {
		return Share{}
	}
	a, b := newMatrix(of), newMatrix(to)
	out := Share{Ratio: a.means[0] / b.means[0]}
	if out.Low, out.High = out.Ratio, out.Ratio; min(a.rows, b.rows) < leastForMean {
		return out
	}
	random := o.random(a.rows + b.rows)
	da, db := a.resample(random, o.Resamples), b.resample(random, o.Resamples)
	cube, square := 0.0, 0.0
	add := func(values []float64, scale float64) {
		for _, v := range values {
			u := v * scale / float64(len(values))
			cube, square = cube+u*u*u, square+u*u
		}
	}
	add(a.values, 1)
	add(b.values, -out.Ratio)
	resampled := ratios(a.means[0], b.means[0], da[0], db[0])
	out.Low, out.High = bca(out.Ratio, resampled, acceleration(cube, square), min(a.rows, b.rows))
	return out
}

// ratios are those of resamples, which are given as deviations from two means.
func ratios(of, to float64, a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = (of + a[i]) / (to + b[i])
	}
	return out
}
