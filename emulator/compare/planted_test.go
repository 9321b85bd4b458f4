package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
)

// Intervals contain the truth about as often as they say, over many seeded repetitions, for normal and for
// skewed differences, for few chains and for so many that they are resampled in blocks.
func TestCoverage(t *testing.T) {
	normal := func(r *rand.Rand) float64 { return 0.01 + 0.004*r.NormFloat64() }
	skewed := func(r *rand.Rand) float64 { return 0.01 + 0.004*(r.ExpFloat64()-1) }
	for _, c := range []struct {
		name        string
		n           int
		of          func(*rand.Rand) float64
		least, most float64
	}{
		{"normal, 8 chains", 8, normal, 0.92, 0.98},
		{"normal, 30 chains", 30, normal, 0.92, 0.98},
		{"normal, 1000 chains", 1000, normal, 0.92, 0.98},
		{"skewed, 30 chains", 30, skewed, 0.90, 0.98},
		{"skewed, 1000 chains", 1000, skewed, 0.92, 0.98},
	} {
		const repetitions = 500 // a coverage of 0.95 has a standard error of 0.01
		within, below, above := 0, 0, 0
		for seed := range uint64(repetitions) {
			random := rand.New(rand.NewPCG(seed, 77))
			d := make([]float64, c.n)
			for i := range d {
				d[i] = c.of(random)
			}
			switch i := intervals(Options{Catalogue: builtin.Catalogue(), Seed: seed, Resamples: 1000}, d)[0]; {
			case i.Low > 0.01:
				above++
			case i.High < 0.01:
				below++
			default:
				within++
			}
		}
		if share := float64(within) / repetitions; share < c.least || share > c.most {
			t.Errorf("%s: %.3f of the intervals contain the truth (%d are above it, %d below)", c.name, share, above, below)
		}
	}
}

// Resampling in blocks gives what drawing every resample one by one gives.
func TestBlocksAreTheBootstrap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	d := make([]float64, 3000)
	for i := range d {
		d[i] = math.Exp(1.5 * random.NormFloat64()) // heavy on the right: skewness of about 10
	}
	o := Options{Catalogue: builtin.Catalogue(), Seed: 9, Resamples: 10_000}
	got := intervals(o, d)[0]
	m := newMatrix(d)
	one := make([]float64, o.Resamples)
	for i := range one {
		for range m.rows {
			one[i] += m.values[random.IntN(m.rows)] / float64(m.rows)
		}
	}
	cube, square := 0.0, 0.0
	for _, v := range m.values {
		cube, square = cube+v*v*v, square+v*v
	}
	low, high := bca(0, one, acceleration(cube, square), m.rows)
	width := high - low
	if math.Abs(got.Low-got.Mean-low) > 0.03*width || math.Abs(got.High-got.Mean-high) > 0.03*width {
		t.Errorf("in blocks [%.4f, %.4f], one by one [%.4f, %.4f]", got.Low-got.Mean, got.High-got.Mean, low, high)
	}
	if got.High-got.Mean < 1.03*(got.Mean-got.Low) {
		t.Errorf("the interval of skewed data is symmetrical: %+v", got)
	}
}

// The study's bias and noise are planted, and are found with their interval, at any number of chains.
func TestPlantedBiasIsWithinItsInterval(t *testing.T) {
	for _, n := range []int{10, 100, 2000} {
		misses := 0
		for seed := range uint64(20) {
			m, p := base(n)
			random := rand.New(rand.NewPCG(seed, 4))
			for i := range m {
				m[i].Total += 0.02 + 0.01*random.NormFloat64()
			}
			r, err := compareOne(m, p, Options{Catalogue: builtin.Catalogue(), Seed: seed, Resamples: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range r.Models {
				if d := g.Total.Difference; d.Low > 0.02 || d.High < 0.02 {
					misses++
				}
				e, bias := g.Total.Error, g.Total.Error.AbsoluteBias
				if math.Abs(bias-g.Total.Difference.Mean) > 1e-12 || e.AbsoluteP95 < e.AbsoluteMedian ||
					e.AbsoluteMean < math.Abs(bias)-1e-12 {
					t.Fatalf("%+v", e)
				}
			}
		}
		if misses > 12 { // 4 of 80 are expected
			t.Errorf("%d chains: %d of 80 intervals miss the bias", n, misses)
		}
	}
}

func TestVerdictClaimsNoMoreThanItKnows(t *testing.T) {
	noisy := func(n int, bias, sd float64) Finding {
		m, p := base(n)
		random := rand.New(rand.NewPCG(6, 6))
		for i := range m {
			m[i].Total = max(0, p[i].Total*(1+bias+sd*random.NormFloat64()))
		}
		return mustCompare(t, m, p).Verdict.Findings[0]
	}
	for _, c := range []struct {
		n        int
		bias, sd float64
		want     Outcome
	}{
		{100, 0.02, 0.05, Holds}, {100, 0.3, 0.05, Fails}, {100, -0.3, 0.05, Fails}, {100, 0.1, 0.3, Open},
		{10, 0, 0.5, Open},
		{7, 0, 0, TooFew}, {1, 0, 0, TooFew},
	} {
		if f := noisy(c.n, c.bias, c.sd); f.Outcome != c.want || f.Chains != c.n {
			t.Errorf("%d chains, bias %v, noise %v: %+v; want %q", c.n, c.bias, c.sd, f, c.want)
		}
	}
}

func TestRanksByJob(t *testing.T) {
	m, p := base(40)
	for i := range m { // in a quarter of the jobs, the slowest model is measured as the fastest
		if m[i].Model == plan.External && m[i].Index%4 == 0 {
			m[i].Total = 0.5
		}
	}
	k := mustCompare(t, m, p).Ranks[0]
	if k.Quantity != "total" || k.Models != 4 || k.Jobs != 40 || k.SameOrder != 30 || k.Pairs != 240 ||
		k.Concordant != 210 || k.Agreement != 0.75 || k.Spearman >= 1 {
		t.Errorf("%+v", k)
	}
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{10, 30, 20}, 0.5}, {[]float64{1, 1, 2}, []float64{5, 5, 9}, 1},
		{[]float64{1, 2}, []float64{2, 1}, -1}, {[]float64{1, 1}, []float64{1, 2}, 0},
	} {
		if got := spearman(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("rho of %v and %v is %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
