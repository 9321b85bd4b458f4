package transport

import (
	"errors"
	"math"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// coldPlan invokes one function once, on the client itself: request, start, execute of 1 s, response.
func coldPlan(index int, spec *instance.Spec) *plan.Plan {
	p := &plan.Plan{Model: plan.InFunction, Index: index, Job: "j"}
	step := func(kind plan.Kind, role plan.Role, ops int64) {
		var after []int
		if n := len(p.Steps); n > 0 {
			after = []int{n - 1}
		}
		p.Steps = append(p.Steps, plan.Step{Kind: kind, Role: role, Ops: ops, State: -1, After: after})
	}
	step(plan.Transfer, plan.Request, 0)
	step(plan.Wait, plan.Start, 0)
	step(plan.Compute, plan.Execute, 1000)
	step(plan.Transfer, plan.Response, 0)
	p.Invocations = []plan.Invocation{{Function: "f", Ops: 1000, Load: 1, Steps: []int{0, 1, 2, 3}, Instances: spec}}
	return p
}

// predictCold predicts chains that begin at the given times, in s, and returns what each waited for a start and in the
// queue, in s.
func predictCold(t *testing.T, spec instance.Spec, due ...float64) (starts, queues []float64, err error) {
	t.Helper()
	top := topology.New("x")
	id, err := top.Add(topology.Vertex{Name: "a", Kind: topology.Host})
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultOptions()
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for _, j := range jobs {
			all = append(all, time.Duration(due[j]*float64(time.Second)))
		}
		return all
	}
	e, err := New(top, func(topology.ID) float64 { return 1000 }, o)
	if err != nil {
		t.Fatal(err)
	}
	plans := make([]*plan.Plan, len(due))
	for i := range plans {
		plans[i] = coldPlan(i, &spec)
		for s := range plans[i].Steps {
			plans[i].Steps[s].From, plans[i].Steps[s].To = id, id
		}
		plans[i].Client, plans[i].Invocations[0].Worker = id, id
	}
	all, err := e.Predict(plans)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		p := &all[i]
		starts = append(starts, predict.Seconds(p.Parts[1].Processing))
		queues = append(queues, predict.Seconds(p.Parts[1].Queueing))
		if rest := p.Total - p.Network - p.Processing; math.Abs(rest-starts[i]-queues[i]) > 1e-9 || p.Processing != 1 {
			t.Errorf("chain %d: %v of %v are neither network nor processing, started %v, queued %v",
				i, rest, p.Total, starts[i], queues[i])
		}
	}
	return starts, queues, nil
}

// TestInstancesArePredicted: starts and queues worked out by hand. Executions take 1 s and starts 2 s.
func TestInstancesArePredicted(t *testing.T) {
	for _, c := range []struct {
		name           string
		limits         instance.Limits
		due            []float64
		starts, queues []float64
	}{
		{"warm within the keep-alive, cold after it", instance.Limits{Max: 1, Concurrency: 1, KeepAlive: 10 * time.Second},
			[]float64{0, 5, 15.9, 27}, []float64{2, 0, 0, 2}, []float64{0, 0, 0, 0}},
		{"one at a time", instance.Limits{Max: 1, Concurrency: 1, KeepAlive: time.Minute},
			[]float64{0, 0.5, 1}, []float64{2, 0, 0}, []float64{0, 2.5, 3}},
		{"two at a time in one", instance.Limits{Max: 1, Concurrency: 2, KeepAlive: time.Minute},
			[]float64{0, 0.5, 1}, []float64{2, 1.5, 0}, []float64{0, 0, 2}},
		{"one each", instance.Limits{Max: 3, Concurrency: 1, KeepAlive: time.Minute},
			[]float64{0, 0.5, 1}, []float64{2, 2, 2}, []float64{0, 0, 0}},
		{"a slot is free before the start ends", instance.Limits{Max: 2, Concurrency: 1, KeepAlive: time.Minute},
			[]float64{0, 2.5, 4.6}, []float64{2, 0, 0}, []float64{0, 0.5, 0}},
		{"min is there from the start", instance.Limits{Min: 1, Max: 2, Concurrency: 1},
			[]float64{0, 0.5, 60}, []float64{0, 0, 0}, []float64{0, 0.5, 0}},
		{"none is kept", instance.Limits{Max: 1, Concurrency: 1},
			[]float64{0, 10}, []float64{2, 2}, []float64{0, 0}},
	} {
		spec := instance.Spec{Limits: c.limits, Start: instance.Distribution{Median: 2 * time.Second}}
		starts, queues, err := predictCold(t, spec, c.due...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i := range c.due {
			if math.Abs(starts[i]-c.starts[i]) > 1e-9 || math.Abs(queues[i]-c.queues[i]) > 1e-9 {
				t.Errorf("%s: chain %d: started %v, queued %v; want %v, %v",
					c.name, i, starts[i], queues[i], c.starts[i], c.queues[i])
			}
		}
	}
}

func TestPredictedStartsAreTheDrawnOnes(t *testing.T) {
	spec := instance.Spec{
		Limits: instance.Limits{Min: 1, Max: 3, Concurrency: 1, KeepAlive: time.Minute}, Seed: 9,
		Start: instance.Distribution{Median: 200 * time.Millisecond, P95: 500 * time.Millisecond},
	}
	starts, _, err := predictCold(t, spec, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{0, spec.Start.Draw(9, 0), spec.Start.Draw(9, 1)} {
		if math.Abs(starts[i]-want.Seconds()) > 1e-9 && math.Abs(starts[3-i]-want.Seconds()) > 1e-9 {
			t.Errorf("start %d took %v, drawn was %v", i, starts[i], want)
		}
	}
}

func TestFullQueueIsTold(t *testing.T) {
	spec := instance.Spec{Limits: instance.Limits{Max: 1, Concurrency: 1, Queue: 1}}
	if _, _, err := predictCold(t, spec, 0, 0.1, 0.2); !errors.Is(err, instance.ErrFull) {
		t.Errorf("%v", err)
	}
}
