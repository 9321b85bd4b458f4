package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
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

// transfer are the parts of a transfer in the transport model's eyes, in milliseconds.
func ms(propagation, serialisation, slowStart, roundTrip, host int64) predict.Parts {
	const unit = 1_000_000_000
	return predict.Parts{
		Propagation: propagation * unit, Serialisation: serialisation * unit, SlowStart: slowStart * unit,
		RoundTrip: roundTrip * unit, Host: host * unit,
	}
}

// predicted makes a prediction of steps one after another.
func predicted(engine string, index int, parts ...predict.Parts) predict.Prediction {
	p := predict.Prediction{Engine: engine, Job: fmt.Sprint("j", index), Index: index, Model: plan.External, Parts: parts}
	for i := range parts {
		end := p.Total + predict.Seconds(parts[i].Sum())
		p.Steps = append(p.Steps, predict.StepPrediction{Index: i, Start: p.Total, End: end})
		p.Total = end
	}
	return p
}

// causal plants an error of each kind: three steps and a rest, of each of n chains, i ms of noise more in each.
func causal(n int) ([]Chain, []predict.Prediction) {
	const unit = 1_000_000_000
	var chains []Chain
	var all []predict.Prediction
	for i := range n {
		all = append(all,
			predicted("transport", i, ms(60, 5, 20, 0, 1), ms(2, 3, 0, 65, 1),
				predict.Parts{Processing: 100 * unit, Host: 2 * unit}, ms(60, 1, 0, 0, 1)),
			predicted("statesim", i, ms(60, 9, 0, 0, 0), ms(0, 4, 0, 0, 0),
				predict.Parts{Processing: 100 * unit}, ms(60, 2, 0, 0, 0)))
		noise := float64(i%3) / 1000
		c := Chain{Job: fmt.Sprint("j", i), Index: i, Model: plan.External, Policy: "load", Length: 1, Steps: []Step{
			{0, plan.Request, 0.086 + 0.007 + noise}, {1, plan.Read, 0.071}, {2, plan.Execute, 0.104},
			{3, plan.Response, 0.062 - 0.001},
		}}
		for _, s := range c.Steps {
			c.Total += s.Duration
		}
		c.Total += 0.003
		chains = append(chains, c)
	}
	return chains, all
}

func TestCausesAreThoseThatWerePlanted(t *testing.T) {
	m, p := causal(30)
	reports, err := All(m, p, Options{Catalogue: builtin.Catalogue(), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[CauseName]float64{
		{Queueing: 7 + 1 - 1, Processing: 4, FaaSOverhead: 1},
		{
			Propagation: 2, Serialisation: -4 - 1 - 1, SlowStart: 20, RoundTrip: 65, HostTime: 3, Queueing: 7,
			Processing: 4, FaaSOverhead: 3,
		},
	} {
		g := reports[i].Models[0]
		if g.Attributed != 30 || !reports[i].PartsKnown {
			t.Fatalf("%d chains are attributed", g.Attributed)
		}
		sum, shares, parts := 0.0, 0.0, 0.0
		for _, c := range g.Causes {
			d := c.Difference
			if math.Abs(1000*d.Mean-want[c.Cause]) > 1e-9 || (d.Low < d.High) != (c.Cause == Queueing) {
				t.Errorf("%s: %s: %+v; want %v ms", reports[i].Engine, c.Cause, c.Difference, want[c.Cause])
			}
			sum, shares, parts = sum+c.Difference.Mean, shares+c.Share, parts+c.Predicted
		}
		difference, prediction := g.Total.Difference.Mean, g.Total.Predicted.Mean
		if math.Abs(sum-difference) > 1e-15 || math.Abs(shares-1) > 1e-12 || math.Abs(parts-prediction) > 1e-15 {
			t.Errorf("the causes add up to %v of %v, their shares to %v, what was predicted to %v of %v",
				sum, difference, shares, parts, prediction)
		}
		for _, role := range g.Roles {
			sum := 0.0
			for _, c := range role.Causes {
				sum += c.PerChain
			}
			if math.Abs(sum-role.PerChain) > 1e-15 {
				t.Errorf("%s: the causes of %s add up to %v of %v", reports[i].Engine, role.Role, sum, role.PerChain)
			}
		}
	}
	if f := reports[1].Verdict.Findings[0]; f.Outcome != Fails || f.Cause != RoundTrip || f.Within != 0 {
		t.Errorf("%+v", f)
	}
	if f := reports[0].Verdict.Findings[0]; f.Outcome != Holds || f.Cause != Queueing || f.Chains != 30 || f.Within != 30 {
		t.Errorf("%+v", f)
	}
}

// Whatever is measured, the causes add up to the difference of every group.
func TestCausesAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	m, p := causal(200)
	for i := range m {
		m[i].Length = 1 + i%4
		for s := range m[i].Steps {
			m[i].Steps[s].Duration *= random.ExpFloat64()
		}
		m[i].Total *= random.ExpFloat64()
	}
	for i := range p { // half of one engine's predictions do not know their parts
		if p[i].Engine == "statesim" && p[i].Index%2 == 0 {
			p[i].Parts = nil
		}
	}
	reports, err := All(m, p, Options{Catalogue: builtin.Catalogue(), Resamples: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		for _, g := range append(r.Models, r.Lengths...) {
			sum := 0.0
			for _, c := range g.Causes {
				sum += c.Difference.Mean
			}
			if math.Abs(sum-g.Total.Difference.Mean) > 1e-13 || g.Attributed != g.Paired {
				t.Errorf("%s %d: %v of %v", g.Model, g.Length, sum, g.Total.Difference.Mean)
			}
		}
	}
}

// Where branches run beside each other, the rest of a chain's time is not taken for the FaaS's.
func TestCausesOfBranches(t *testing.T) {
	p := predicted("transport", 0, ms(10, 0, 0, 0, 0), ms(10, 0, 0, 0, 0), ms(5, 0, 0, 0, 0))
	p.Steps[1] = predict.StepPrediction{Index: 1, Start: 0, End: 0.01}
	p.Steps[2] = predict.StepPrediction{Index: 2, Start: 0.01, End: 0.015}
	p.Total = 0.015
	m := Chain{Model: plan.External, Total: 0.017, Length: 2}
	m.Steps = []Step{{0, plan.Request, 0.011}, {1, plan.Request, 0.012}, {2, plan.Response, 0.005}}
	r := mustCompare(t, []Chain{m}, []predict.Prediction{p})
	found := map[CauseName]float64{}
	for _, c := range r.Models[0].Causes {
		found[c.Cause] = 1000 * c.Difference.Mean
	}
	if math.Abs(found[Queueing]-3) > 1e-9 || math.Abs(found[Parallel]+1) > 1e-9 || found[FaaSOverhead] != 0 {
		t.Errorf("%v", found)
	}
}

// A chain of which steps are missing is compared, but not taken apart.
func TestMissingStepsAreNotAttributed(t *testing.T) {
	m, p := causal(3)
	m[0].Steps = m[0].Steps[:2]
	m[1].Steps = nil
	reports, _ := All(m, p, Options{Catalogue: builtin.Catalogue()})
	g := reports[0].Models[0]
	if g.Paired != 3 || g.Attributed != 1 || math.Abs(1000*g.Causes[5].Difference.Mean-8) > 1e-9 {
		t.Errorf("%d pairs, %d attributed: %+v", g.Paired, g.Attributed, g.Causes)
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
