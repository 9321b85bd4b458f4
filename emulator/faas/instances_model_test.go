package faas

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/transport"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// TestModelKnowsWhoIsCold: the transport model and the agents follow the same rules: of chains that come at known times
// the same invocations wait for a start, the others find an instance that is warm. What the machine does meanwhile can
// make one chain late, but not again and again.
func TestModelKnowsWhoIsCold(t *testing.T) {
	const unit = 20 * time.Millisecond // by which instants differ
	due := []time.Duration{0, 1, 9, 10, 25, 26, 27, 60, 64, 90}
	r := rule(plan.InFunction)
	limits := instance.Limits{Max: 2, Concurrency: 1, KeepAlive: 12 * unit}
	r.Lives = func(function string, node topology.ID) *instance.Spec {
		return &instance.Spec{Limits: limits, Start: instance.Distribution{Median: 3 * unit}}
	}
	jobs := []workload.Job{{Name: "j", States: []int64{100}, Tasks: []workload.Task{
		{Function: "f", Ops: 40_000, Argument: 10, States: []int{0}}, // 2 units
	}}}
	p := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1}}}
	built := r.Build(jobs, 0, p, plan.Sites{Central: central, Cloud: cloud}, plan.ByWorker)
	predicted := predictStarts(t, built, due, unit)
	if !slices.Contains(predicted, true) || !slices.Contains(predicted, false) {
		t.Fatalf("predicted: %v", predicted)
	}
	for attempt := 0; ; attempt++ {
		measured := measureStarts(t, built, due, unit)
		if slices.Equal(measured, predicted) {
			return
		}
		if attempt == 10 {
			t.Fatalf("cold: measured %v, predicted %v", measured, predicted)
		}
	}
}

// predictStarts says which of the plan's chains the transport model lets wait for a start.
func predictStarts(t *testing.T, p *plan.Plan, due []time.Duration, unit time.Duration) (cold []bool) {
	t.Helper()
	top := topology.New("loopback")
	for i := range 5 {
		if _, err := top.Add(topology.Vertex{Name: fmt.Sprint(i), Kind: topology.Host}); err != nil {
			t.Fatal(err)
		}
	}
	cable, err := top.Add(topology.Vertex{Name: "cable", Kind: topology.Link})
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []topology.ID{0, 1} {
		top.Connect(end, cable, 0)
		top.Connect(cable, end, 0)
	}
	o := transport.DefaultOptions()
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
	all, err := e.Predict(slices.Repeat([]*plan.Plan{p}, len(due)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		cold = append(cold, all[i].Parts[1].Processing > 0)
	}
	return cold
}

// measureStarts says which of them the agents let wait.
func measureStarts(t *testing.T, p *plan.Plan, due []time.Duration, unit time.Duration) []bool {
	t.Helper()
	c := newCluster(t, Allotted)
	cold := make([]bool, len(due))
	specs := make([]*ChainSpec, len(due))
	for i := range due {
		var err error
		if specs[i], err = NewChainSpec(p, c.addr, fmt.Sprintf("run/m/%d", i)); err == nil {
			err = specs[i].Seed(t.Context(), c.client)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c.tell(t, specs...)
	begin := time.Now()
	var work sync.WaitGroup
	for i, spec := range specs {
		work.Go(func() {
			time.Sleep(time.Until(begin.Add(due[i] * unit)))
			result, err := Run(t.Context(), spec, c.client)
			if err != nil || result.Error != "" {
				t.Errorf("chain %d: %v %+v", i, err, result)
				return
			}
			cold[i] = result.Starts() > 0
		})
	}
	work.Wait()
	return cold
}
