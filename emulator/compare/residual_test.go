package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// one is a chain of one transfer, with its prediction of 100 ms, which begins at a number of seconds and takes so many
// milliseconds, late of which may be the host's.
func one(index int, begins, took, late float64) (Chain, predict.Prediction) {
	p := predicted("transport", index, ms(100, 0, 0, 0, 0))
	return Chain{
		Job: p.Job, Index: index, Model: plan.External, Length: 1, Total: took / 1000,
		Start: 1e9 + int64(begins*1e9), HostLate: late / 1000, HostKnown: true,
		Steps: []Step{{Index: 0, Role: plan.Request, Duration: took / 1000}},
	}, p
}

func TestResidualIsToldApart(t *testing.T) {
	type parts map[CauseName]float64
	for name, c := range map[string]struct {
		chains [][3]float64 // begins (s), took (ms), late (ms)
		want   parts        // of the first chain, ms
	}{
		"alone, the model's error":           {[][3]float64{{0, 107, 0}}, parts{ModelError: 7}},
		"alone, faster":                      {[][3]float64{{0, 96, 30}}, parts{ModelError: -4}},
		"the host's, at most its bound":      {[][3]float64{{0, 107, 3}}, parts{HostLateness: 3, ModelError: 4}},
		"the host's, at most what is longer": {[][3]float64{{0, 107, 30}}, parts{HostLateness: 7}},
		"one after the other":                {[][3]float64{{0, 107, 0}, {0.107, 100, 0}}, parts{ModelError: 7}},
		"beside one that begins later":       {[][3]float64{{0, 107, 2}, {0.1, 100, 0}}, parts{HostLateness: 2, Waiting: 5}},
		"beside one that began before":       {[][3]float64{{0.1, 107, 2}, {0, 150, 0}}, parts{HostLateness: 2, Waiting: 5}},
		"faster beside others":               {[][3]float64{{0, 90, 2}, {0.05, 100, 0}}, parts{ModelError: -10}},
		"within a long one":                  {[][3]float64{{0.5, 103, 0}, {0, 5000, 0}, {0.2, 1, 0}}, parts{Waiting: 3}},
	} {
		var m []Chain
		var p []predict.Prediction
		for i, at := range c.chains {
			chain, prediction := one(i, at[0], at[1], at[2])
			chain.Length = 1 + i // a group of its own
			m, p = append(m, chain), append(p, prediction)
		}
		r := mustCompare(t, m, p)
		if r.Has(Queueing) {
			t.Errorf("%s: there is queueing beside its parts", name)
		}
		sum := 0.0
		for _, cause := range r.Lengths[0].Causes {
			got := 1000 * cause.Difference.Mean
			if math.Abs(got-c.want[cause.Cause]) > 1e-6 {
				t.Errorf("%s: %s is %.6f ms, want %v", name, cause.Cause, got, c.want[cause.Cause])
			}
			sum += got
		}
		if math.Abs(sum-(c.chains[0][1]-100)) > 1e-6 {
			t.Errorf("%s: the causes add up to %.6f ms", name, sum)
		}
	}
}

// Of chains of which it is not known what the host added, such as those of older runs, the residual is whole.
func TestResidualOfOlderRuns(t *testing.T) {
	for name, forget := range map[string]func(*Chain){
		"the host's part": func(c *Chain) { c.HostLate, c.HostKnown = 0, false },
		"when it began":   func(c *Chain) { c.Start = 0 },
	} {
		a, pa := one(0, 0, 107, 3)
		b, pb := one(1, 1, 105, 2)
		forget(&a)
		r := mustCompare(t, []Chain{a, b}, []predict.Prediction{pa, pb})
		found := map[CauseName]float64{}
		for _, c := range r.Models[0].Causes {
			found[c.Cause] = 1000 * c.Difference.Mean
		}
		for cause, want := range map[CauseName]float64{Queueing: 3.5, HostLateness: 1, ModelError: 1.5} {
			if math.Abs(found[cause]-want) > 1e-6 {
				t.Errorf("without %s: %v", name, found)
			}
		}
		forget(&b)
		if r = mustCompare(t, []Chain{a, b}, []predict.Prediction{pa, pb}); r.Has(ModelError) || !r.Has(Queueing) {
			t.Errorf("without %s of all: %+v", name, r.Models[0].Causes)
		}
	}
}

func TestOverlapping(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		samples := make([]sample, 1+random.IntN(12))
		for i := range samples {
			samples[i].start = random.Int64N(50) // 0: not known
			samples[i].end = samples[i].start + 1 + random.Int64N(15)
		}
		got := overlapping(samples)
		for i, a := range samples {
			want := false
			for j, b := range samples {
				want = want || i != j && a.start > 0 && b.start > 0 && a.start < b.end && b.start < a.end
			}
			if got[i] != want {
				t.Fatalf("%d of %+v: %v", i, samples, got)
			}
		}
	}
}

// half are the chains of base, of which every other one of a model is disturbed and took much longer.
func half(model plan.Model) ([]Chain, []predict.Prediction) {
	m, p := base(20)
	for i := range m {
		if m[i].Model == model && i%2 == 0 {
			m[i].Disturbed = true
			m[i].Total, m[i].Network = m[i].Total+1, m[i].Network+1
		}
	}
	return m, p
}

func TestWithAndWithoutDisturbedChains(t *testing.T) {
	m, p := half(plan.InClient)
	r := mustCompare(t, m, p)
	for _, g := range r.Models {
		u := g.Undisturbed
		if (u != nil) != (g.Model == plan.InClient) {
			t.Fatalf("%s: %+v", g.Model, u)
		}
		if u == nil {
			continue
		}
		if g.Disturbed != 10 || u.Chains != 10 || u.Paired != 10 || math.Abs(g.Total.Difference.Mean-0.5) > 1e-9 ||
			u.Total.Difference.Mean != 0 || u.Network.Error.Median != 0 || u.Total.Measured.Mean > 1.4 {
			t.Errorf("%+v", u)
		}
	}
	if o := r.OrderUndisturbed; r.Order.Verdict == Yes || o == nil || o.Verdict != Yes {
		t.Errorf("the order with them: %s, without: %+v", r.Order.Verdict, o)
	}
	for i := range m {
		m[i].Disturbed = m[i].Model == plan.InClient
	}
	if u := mustCompare(t, m, p).Models[3].Undisturbed; u == nil || u.Chains != 0 {
		t.Errorf("all are disturbed: %+v", u)
	}
}

func TestRunsWithoutDisturbedChains(t *testing.T) {
	quiet, p := base(20)
	noisy, _ := half(plan.InClient)
	for i := range noisy {
		noisy[i].Total *= 1.05
	}
	for _, seed := range []uint64{1, 2} { // paired with the first, and not
		c := &Comparison{Runs: []*Run{runOf(t, "a", 1, quiet, p), runOf(t, "b", seed, noisy, p)}}
		c.Compare()
		for _, d := range c.Differences {
			if d.Quantity != "total" {
				continue
			}
			switch u := d.Undisturbed; {
			case (u != nil) != (d.Model == plan.InClient):
				t.Errorf("%s: %+v", d.Model, u)
			case u == nil:
			case d.Ratio.Ratio < 1.3 || math.Abs(u.Ratio.Ratio-1.05) > 0.03 || u.Chains != 10 || u.Paired != d.Paired:
				t.Errorf("%+v: %+v", d.Ratio, u)
			}
		}
	}
}

// What a chain waited behind others is held against what was predicted of it.
func TestWaitingIsPredicted(t *testing.T) {
	type parts map[CauseName]float64
	for name, c := range map[string]struct {
		waits  float64      // ms of the 100 predicted
		chains [][3]float64 // as in TestResidualIsToldApart
		want   parts
	}{
		"more than predicted":         {20, [][3]float64{{0, 107, 0}, {0.05, 100, 0}}, parts{Waiting: 7}},
		"the host's first":            {20, [][3]float64{{0, 107, 3}, {0.05, 100, 0}}, parts{Waiting: 4, HostLateness: 3}},
		"less than predicted":         {20, [][3]float64{{0, 93, 3}, {0.05, 100, 0}}, parts{Waiting: -7}},
		"less than not at all":        {20, [][3]float64{{0, 73, 0}, {0.05, 100, 0}}, parts{Waiting: -20, ModelError: -7}},
		"nobody was there, as alone":  {20, [][3]float64{{0, 80, 0}}, parts{Waiting: -20}},
		"nobody was there, yet later": {20, [][3]float64{{0, 100, 0}}, parts{Waiting: -20, ModelError: 20}},
	} {
		var m []Chain
		var p []predict.Prediction
		for i, at := range c.chains {
			chain, prediction := one(i, at[0], at[1], at[2])
			chain.Length = 1 + i
			prediction.Parts[0].Queueing += int64(c.waits * 1e9)
			prediction.Parts[0].Propagation -= int64(c.waits * 1e9)
			m, p = append(m, chain), append(p, prediction)
		}
		r := mustCompare(t, m, p)
		for _, cause := range r.Lengths[0].Causes {
			got := 1000 * cause.Difference.Mean
			if math.Abs(got-c.want[cause.Cause]) > 1e-6 {
				t.Errorf("%s: %s is %.6f ms, want %v", name, cause.Cause, got, c.want[cause.Cause])
			}
			if cause.Cause == Waiting && math.Abs(1000*cause.Predicted-c.waits) > 1e-6 {
				t.Errorf("%s: %v ms of waiting predicted", name, 1000*cause.Predicted)
			}
		}
	}
}
