package transport

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// tenants are n jobs of a client, of one task of a second each, that change a state which outlives them.
func tenants(m plan.Model, n int, client, worker topology.ID, names ...string) []*plan.Plan {
	jobs, place := make([]workload.Job, n), &placement.Placement{}
	for i := range jobs {
		jobs[i] = workload.Job{Name: "j", States: make([]int64, len(names)), Lasting: names, Tasks: []workload.Task{
			{Function: "f", Ops: 1000, Argument: 100},
		}}
		for s := range names {
			jobs[i].States[s] = 100
			jobs[i].Tasks[0].States = append(jobs[i].Tasks[0].States, s)
		}
		place.Client = append(place.Client, client)
		place.Node = append(place.Node, []topology.ID{worker})
	}
	plans := make([]*plan.Plan, n)
	for i := range plans {
		plans[i] = rule(m).Build(jobs, i, place, plan.Sites{Cloud: worker, Central: worker}, plan.ByWorker)
	}
	return plans
}

// A state that goes along with calls is with one at a time, in the order in which they ask; one at a node is written by
// all that come, of which all but one compute again, and again.
func TestStatesThatOutliveChains(t *testing.T) {
	for name, c := range map[string]struct {
		model  plan.Model
		states []string
		totals []float64 // s, of three chains that begin 0.1 s after one another
	}{
		"in-client":                   {plan.InClient, []string{"a"}, []float64{1.02, 1.94, 2.86}},
		"in-client, two states":       {plan.InClient, []string{"b", "a"}, []float64{1.02, 1.94, 2.86}},
		"in-client, its own":          {plan.InClient, []string{""}, []float64{1.02, 1.02, 1.02}},
		"in-client, one and its own":  {plan.InClient, []string{"", "a"}, []float64{1.02, 1.94, 2.86}},
		"external, at the worker":     {plan.External, []string{"a"}, []float64{1.02, 2.02, 3.02}},
		"external, states of its own": {plan.External, []string{""}, []float64{1.02, 1.02, 1.02}},
	} {
		net, a, b := line(t, both(100*units.Gbps, 10*time.Millisecond))
		o := bare()
		o.Compute = predict.Whole
		o.Arrivals.Due = func(jobs []int) []time.Duration {
			due := make([]time.Duration, len(jobs))
			for i := range due {
				due[i] = time.Duration(i) * 100 * time.Millisecond
			}
			return due
		}
		plans := tenants(c.model, 3, a, b, c.states...)
		for i, got := range predictions(t, net, o, plans) {
			if math.Abs(got.Total-c.totals[i]) > 1e-4 {
				t.Errorf("%s: chain %d takes %.6f s, want %.6f s", name, i, got.Total, c.totals[i])
			}
			for k, parts := range got.Parts {
				took := got.Steps[k].End - got.Steps[k].Start
				if math.Abs(took-predict.Seconds(parts.Sum())) > 1e-9 {
					t.Errorf("%s: step %d takes %.9f s, its parts %.9f", name, k, took, predict.Seconds(parts.Sum()))
				}
			}
		}
	}
}

// Calls of two states each, which others ask for in another order, do not wait for each other for ever; each client has
// states of its own.
func TestTurnsOfSeveralStates(t *testing.T) {
	net, a, b := line(t, both(100*units.Gbps, 10*time.Millisecond))
	o := bare()
	o.Compute = predict.Whole
	o.Arrivals.Users = 4
	plans := tenants(plan.InClient, 2, a, b, "x", "y")
	plans = append(plans, tenants(plan.InClient, 2, a, b, "y", "x")...)
	last := 0.0
	for _, p := range predictions(t, net, o, plans) {
		last = max(last, p.Total)
	}
	if math.Abs(last-4*1.02) > 1e-3 {
		t.Errorf("the last ends after %.6f s, want 4.08 s", last)
	}
	plans = append(tenants(plan.InClient, 1, a, b, "x"), tenants(plan.InClient, 1, b, b, "x")...)
	for i, p := range predictions(t, net, o, plans) {
		if want := []float64{1.02, 1}[i]; math.Abs(p.Total-want) > 1e-3 {
			t.Errorf("client %d: %.6f s, want %.6f s", i, p.Total, want)
		}
	}
}
