package faas

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/dispatch"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// TestModelPicksTheSame: of chains whose instants are far enough apart, the transport model sends each to the worker
// that the agents pick, for it asks the same dispatchers. What the machine does meanwhile can change one pick, but not
// again and again.
func TestModelPicksTheSame(t *testing.T) {
	const unit = 20 * time.Millisecond // by which instants differ
	due := []time.Duration{0, 1, 2, 3, 8, 9, 15, 16, 17, 18, 19, 30}
	workers := []topology.ID{1, 2, central}
	known := catalogue.New(dispatch.Section())
	for _, entry := range dispatch.Rules.All(known)[1:] {
		if entry.Does.Cost == dispatch.Latency {
			continue // its picks hang on how long invocations took, to the microsecond
		}
		t.Run(entry.Name, func(t *testing.T) {
			t.Parallel()
			choice := entry.Does.Of(known.Defaults(catalogue.Dispatchers, entry.Name), 1)
			c := newCluster(t, Shared)
			var measured, predicted []topology.ID
			for attempt := range 10 {
				plans := make([]*plan.Plan, len(due))
				for i := range plans {
					job := []workload.Job{{Name: "j", Tasks: []workload.Task{{Function: "f", Ops: 50_000 * int64(1+i%3)}}}}
					plans[i] = rule(plan.External).Build(job, 0, placed(1), plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
					plans[i].Index = i
					plans[i].Dispatched(choice, 1, func(*plan.Invocation) []topology.ID { return workers })
				}
				predicted = predictPicks(t, plans, due, unit)
				if measured = c.picks(t, plans, due, unit, attempt); slices.Equal(measured, predicted) {
					return
				}
			}
			t.Errorf("picked %v, predicted %v", measured, predicted)
		})
	}
}

// predictPicks are the workers of the plans' only invocations by the transport model, where they begin at due units.
func predictPicks(t *testing.T, plans []*plan.Plan, due []time.Duration, unit time.Duration) (picked []topology.ID) {
	t.Helper()
	top := topology.New("loopback")
	for i := range 5 {
		if _, err := top.Add(topology.Vertex{Name: fmt.Sprint(i), Kind: topology.Host}); err != nil {
			t.Fatal(err)
		}
	}
	for _, end := range []topology.ID{1, 2, central} {
		cable, err := top.Add(topology.Vertex{Name: fmt.Sprint("cable", end), Kind: topology.Link})
		if err != nil {
			t.Fatal(err)
		}
		top.Join(0, cable, 0)
		top.Join(cable, end, 0)
	}
	o := transport.DefaultOptions()
	o.Compute = predict.Shared
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for i := range jobs {
			all = append(all, due[i]*unit)
		}
		return all
	}
	e, err := transport.New(top, func(topology.ID) float64 { return 1e6 }, o)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Predict(plans)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		picked = append(picked, all[i].Workers[0])
	}
	return picked
}

// picks are those that the client's agent picks.
func (c *cluster) picks(t *testing.T, plans []*plan.Plan, due []time.Duration, unit time.Duration, attempt int,
) []topology.ID {
	t.Helper()
	picked := make([]topology.ID, len(plans))
	var wait sync.WaitGroup
	begin := time.Now()
	for i, p := range plans {
		spec, err := NewChainSpec(p, c.addr, fmt.Sprintf("run%d/external/%d", attempt, i))
		if err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			time.Sleep(time.Until(begin.Add(due[i] * unit)))
			result, err := c.client(0).Run(t.Context(), spec)
			if err != nil || result.Error != "" {
				t.Error(err, result)
				return
			}
			picked[i] = result.Workers[0]
		})
	}
	wait.Wait()
	return picked
}

// A program does not know that its worker was picked: results and states are those under the placement.
func TestPickedWorkersRunPrograms(t *testing.T) {
	c := newClusterOf(t, Shared, nil, goPrograms(counter))
	var want string
	for _, m := range []plan.Model{plan.External, plan.InEdge, plan.InClient} {
		fixed, lost := c.carryOut(t, c.programSpec(t, job(), m, 1, 1, 1, 1))
		if fixed.Error != "" || lost != nil {
			t.Fatalf("%s: %q, %v", m, fixed.Error, lost)
		}
		spec := c.dispatched(t, job(), m, plan.ByWorker, "round-robin", 0, 1, 2, central, cloud)
		for i := range spec.Invocations {
			spec.Invocations[i].Program = true
		}
		result, lost := c.carryOut(t, spec)
		if result.Error != "" || lost != nil {
			t.Fatalf("%s, picked: %q, %v", m, result.Error, lost)
		}
		want = fmt.Sprint(fixed.Programs)
		if got := fmt.Sprint(result.Programs); got != want {
			t.Errorf("%s, picked %v: %s, want %s", m, result.Workers, got, want)
		}
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
	}
}
