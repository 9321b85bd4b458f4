package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/workload"
)

// hour is a planted population: jobs of lengths as in a trace, whose times and errors grow with the length.
type hour struct {
	jobs      []workload.Job
	chains    [][]Chain // by model
	predicted []predict.Prediction
}

func newHour() *hour {
	h := &hour{}
	for length, n := range []int{80, 120, 60, 40, 30, 20, 10, 5, 3, 2, 1, 1, 0, 1} {
		for range n {
			h.jobs = append(h.jobs, workload.Job{Name: fmt.Sprint(len(h.jobs)), Tasks: make([]workload.Task, length+1)})
		}
	}
	random := rand.New(rand.NewPCG(5, 5))
	for m, model := range []plan.Model{plan.External, plan.InEdge} {
		var chains []Chain
		for i := range h.jobs {
			network := float64(h.jobs[i].Length()) * (0.3 + 0.1*random.ExpFloat64()) / float64(1+2*m)
			c := Chain{Job: h.jobs[i].Name, Index: i, Model: model, Policy: "load", Length: h.jobs[i].Length(),
				Network: network, Processing: 0.01, Total: network + 0.02}
			chains = append(chains, c)
			expected := network * (0.9 + 0.01*float64(c.Length))
			h.predicted = append(h.predicted, predict.Prediction{Engine: "e", Job: c.Job, Index: i, Model: model,
				Total: expected + 0.02, Network: expected, Processing: 0.01})
		}
		h.chains = append(h.chains, chains)
	}
	return h
}

// report is that of all chains, or of a sample of n of the jobs.
func (h *hour) report(t *testing.T, n int, seed uint64) *Report {
	t.Helper()
	var measured []Chain
	for _, chains := range h.chains {
		for _, d := range workload.Sample(h.jobs, n, seed) {
			c := chains[d.Job]
			c.Weight = d.Weight
			measured = append(measured, c)
		}
	}
	reports, err := All(measured, h.predicted, Options{Catalogue: builtin.Catalogue(), Resamples: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return reports[0]
}

// numbers are those of a report that are about all jobs.
func numbers(r *Report) map[string]float64 {
	out := map[string]float64{"order": r.Order.Relations[0].Difference.Mean, "left": r.Order.Relations[0].LeftMean}
	for _, g := range r.Models {
		q := g.Network
		name := string(g.Model)
		out[name+" mean"], out[name+" difference"] = q.Measured.Mean, q.Difference.Mean
		out[name+" interval"], out[name+" predicted"] = q.MeasuredMean.Mean, q.Predicted.Mean
		out[name+" bias"], out[name+" error"] = q.Error.Bias, q.Error.AbsoluteMean
		out[name+" median"], out[name+" p95"] = q.Measured.Median, q.Measured.P95
	}
	return out
}

// TestSampledChainsStandForAll: over many samples, what a report says of a sample's chains is on average what it says
// of all of them.
func TestSampledChainsStandForAll(t *testing.T) {
	h := newHour()
	whole := numbers(h.report(t, 0, 0))
	const samples = 150
	sums, squares := map[string]float64{}, map[string]float64{}
	within := 0
	for seed := range uint64(samples) {
		r := h.report(t, 60, seed)
		for name, v := range numbers(r) {
			sums[name], squares[name] = sums[name]+v, squares[name]+v*v
		}
		i := r.Models[0].Network.MeasuredMean
		if i.Low <= whole["external mean"] && whole["external mean"] <= i.High {
			within++
		}
		if jobs := r.Models[0].Jobs; math.Abs(jobs-float64(len(h.jobs))) > 1e-9 || r.Models[0].Chains != 60 {
			t.Fatalf("%d chains stand for %v jobs", r.Models[0].Chains, jobs)
		}
	}
	for name, want := range whole {
		mean := sums[name] / samples
		deviation := math.Sqrt(max(squares[name]/samples-mean*mean, 0) / samples)
		allowed := 4*deviation + 1e-9
		if name == "external median" || name == "in-edge median" || name == "external p95" || name == "in-edge p95" {
			allowed += 0.05 * want // quantiles of few are biased by their interpolation
		}
		if math.Abs(mean-want) > allowed {
			t.Errorf("%s: %v on average over samples, ± %v; %v of all", name, mean, deviation, want)
		}
	}
	if within < samples*95/100 {
		t.Errorf("%d of %d intervals hold the mean of all jobs", within, samples)
	}
}

// TestWeightsOfOneChangeNothing, to the digit.
func TestWeightsOfOneChangeNothing(t *testing.T) {
	h := newHour()
	weighted := h.report(t, 0, 0)
	var plain []Chain
	for _, chains := range h.chains {
		plain = append(plain, chains...)
	}
	reports, err := All(plain, h.predicted, Options{Catalogue: builtin.Catalogue(), Resamples: 200, Seed: 1})
	if err != nil || !reflect.DeepEqual(weighted, reports[0]) {
		t.Errorf("%v: %+v, not %+v", err, weighted, reports[0])
	}
	if weighted.Models[0].Jobs != 0 {
		t.Errorf("chains of weight 1 stand for %v jobs", weighted.Models[0].Jobs)
	}
}

func TestWeightsThatAreNone(t *testing.T) {
	for _, w := range []float64{-1, math.NaN(), math.Inf(1), 1e10} {
		_, err := All([]Chain{{Model: plan.InEdge, Total: 1, Weight: w}}, nil, Options{Catalogue: builtin.Catalogue()})
		if err == nil {
			t.Errorf("a weight of %v is accepted", w)
		}
	}
}
