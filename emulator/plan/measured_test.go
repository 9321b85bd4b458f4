package plan_test

import (
	"reflect"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// TestPrograms holds each transfer of a program to what was measured: a state of 100 bytes that the first invocation
// makes 150 long, and the second 120.
func TestPrograms(t *testing.T) {
	jobs, place, sites := placed(t)
	jobs[0] = workload.Job{Name: "x", States: []int64{0}, Tasks: []workload.Task{
		{Function: "f", Argument: 1, States: []int{0}, Program: true, Measured: &workload.Measured{
			Argument: 10, Result: 20, Duration: time.Second, States: []workload.Resized{{Read: 100, Written: 150}},
		}},
		{Function: "f", Argument: 1, After: []int{0}, States: []int{0}, Program: true, Measured: &workload.Measured{
			Argument: 30, Result: 40, Duration: 2 * time.Second, States: []workload.Resized{{Read: 150, Written: 120}},
		}},
	}}
	place.Node[0] = place.Node[0][:0:0]
	worker := sites.Central
	place.Node[0] = append(place.Node[0], worker, worker)
	repository := map[plan.Role][]int64{
		plan.Request: {10, 30}, plan.Read: {100, 150}, plan.Write: {150, 120}, plan.Response: {20, 40},
	}
	for m, want := range map[plan.Model]map[plan.Role][]int64{
		plan.External: repository, plan.InEdge: repository,
		plan.InFunction: {plan.Request: {10, 30}, plan.Response: {20, 40}},
		plan.InClient:   {plan.Request: {110, 180}, plan.Response: {170, 160}},
	} {
		for _, access := range []plan.StateAccess{plan.ByWorker, plan.ByClient} {
			p := rule(m).Build(jobs, 0, place, sites, access)
			bytes := map[plan.Role][]int64{}
			took := 0.0
			for _, s := range p.Steps {
				if s.Kind == plan.Compute {
					took += s.Takes(1, 7)
				} else {
					bytes[s.Role] = append(bytes[s.Role], s.Bytes)
				}
			}
			if !reflect.DeepEqual(bytes, want) || took != 3 || p.Unmeasured {
				t.Errorf("%s, by %s: %v in %v s, not %v in 3 s", m, access, bytes, took, want)
			}
		}
	}
	p := rule(plan.InFunction).Build(jobs, 0, place, sites, plan.ByWorker)
	// The state at its largest; both results, for they may be asked for again; and of the second invocation argument,
	// result, the state as it was read, and three times what it may have been while it is written.
	if held := p.Held().Nodes[worker]; held != 150+(20+40)+(30+40+150+3*150) {
		t.Errorf("the worker holds %d bytes", held)
	}
}

// TestUnmeasuredPrograms: without a profile a plan says that nothing is known.
func TestUnmeasuredPrograms(t *testing.T) {
	jobs, place, sites := placed(t)
	if p := rule(plan.InEdge).Build(jobs, 0, place, sites, plan.ByWorker); p.Unmeasured {
		t.Error("a workload of builtin functions counts as unmeasured")
	}
	jobs[0].Tasks[0].Program = true
	if p := rule(plan.InEdge).Build(jobs, 0, place, sites, plan.ByWorker); !p.Unmeasured || !p.Invocations[0].Program {
		t.Error("a program without a profile counts as measured")
	}
}

func TestTakes(t *testing.T) {
	for _, c := range []struct {
		step  plan.Step
		speed float64
		load  int
		want  float64
	}{
		{plan.Step{Ops: 100}, 50, 3, 6},
		{plan.Step{}, 0, 1, 0},
		{plan.Step{Ops: 100, Program: true, Took: time.Millisecond, From: topology.ID(1)}, 50, 3, 0.001},
	} {
		if got := c.step.Takes(c.speed, c.load); got != c.want {
			t.Errorf("%+v takes %v s, not %v", c.step, got, c.want)
		}
	}
}
