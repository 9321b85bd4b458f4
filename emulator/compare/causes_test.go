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
			{Index: 0, Role: plan.Request, Duration: 0.086 + 0.007 + noise},
			{Index: 1, Role: plan.Read, Duration: 0.071}, {Index: 2, Role: plan.Execute, Duration: 0.104},
			{Index: 3, Role: plan.Response, Duration: 0.062 - 0.001},
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

// Whatever is measured, the causes add up to the difference of every group's chains whose steps are those predicted,
// and so do roles, with what is in no step.
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
	for i := range m { // some have other workers than predicted, and so other steps
		if i%3 == 0 {
			m[i].Picked, m[i].Foreseen = 2, i%2
		}
	}
	for i := range p { // half of one engine's predictions do not know their parts
		if p[i].Engine == "statesim" && p[i].Index%2 == 0 {
			p[i].Parts = nil
		}
	}
	forecasts := map[string]map[int]*predict.Prediction{"transport": {}, "statesim": {}}
	for i := range p {
		forecasts[p[i].Engine][p[i].Index] = &p[i]
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
			want, rest, n := 0.0, 0.0, 0.0
			for i := range m {
				if c := &m[i]; !c.astray() && (g.Length == 0 || g.Length == c.Length) {
					want += c.Total - forecasts[r.Engine][c.Index].Total
					rest += c.Total - forecasts[r.Engine][c.Index].Total
					for k := range c.Steps {
						s := forecasts[r.Engine][c.Index].Steps[k]
						rest -= c.Steps[k].Duration - (s.End - s.Start)
					}
					n++
				}
			}
			if math.Abs(sum-want/n) > 1e-13 || g.Attributed != int(n) {
				t.Errorf("%s %d: %v of %v", g.Model, g.Length, sum, want/n)
			}
			roles := rest / n // what is in no step
			for _, role := range g.Roles {
				roles += role.PerChain
			}
			if math.Abs(sum-roles) > 1e-13 {
				t.Errorf("%s %d: the causes add up to %v a chain, the roles to %v", g.Model, g.Length, sum, roles)
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
	m.Steps = []Step{{Index: 0, Role: plan.Request, Duration: 0.011}, {Index: 1, Role: plan.Request, Duration: 0.012},
		{Index: 2, Role: plan.Response, Duration: 0.005}}
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
