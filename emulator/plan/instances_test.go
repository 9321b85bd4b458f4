package plan

import (
	"testing"

	"testbed/emulator/faas/instance"
	"testbed/emulator/placement"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// TestWaitsForInstances: a function whose instances start and end has a wait after its request, which moves with it;
// the instance is in use until its states are written; one that is warm has none.
func TestWaitsForInstances(t *testing.T) {
	jobs := []workload.Job{{Name: "j", States: []int64{10}, Tasks: []workload.Task{
		{Function: "cold", States: []int{0}}, {Function: "warm", After: []int{0}, States: []int{0}},
	}}}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 2}}, Load: map[topology.ID]int{}}
	lives := func(function string, _ topology.ID) *instance.Spec {
		if function == "warm" {
			return nil
		}
		return &instance.Spec{}
	}
	for _, e := range entries {
		for _, o := range []Orchestration{ByTheClient, Chained} {
			r, err := e.Does.Orchestrated(o)
			if err != nil {
				continue
			}
			if r.Lives = nil; r.Build(jobs, 0, place, Sites{Cloud: 4, Central: 3}, ByWorker).Scaled() {
				t.Errorf("%s: all is warm", r.Model)
			}
			r.Lives = lives
			p := r.Build(jobs, 0, place, Sites{Cloud: 4, Central: 3}, ByWorker).Movable()
			inv := &p.Invocations[0]
			if p.Messages == nil {
				p.Move(0, 3)
			}
			waits := 0
			for i := range p.Steps {
				s := &p.Steps[i]
				if (s.Role == Start) != (s.Kind == Wait) {
					t.Errorf("%s: step %d: %+v", r.Model, i, s)
				}
				if s.Role != Start {
					continue
				}
				waits++
				before := p.Steps[s.After[len(s.After)-1]].Role
				if s.From != inv.Worker || s.To != inv.Worker || before != Request {
					t.Errorf("%s, %s: it waits at %d after a %s, and executes at %d", r.Model, o, s.From, before, inv.Worker)
				}
			}
			last := p.Occupied(inv)
			if role := p.Steps[last].Role; waits != 1 || !p.Scaled() || role != Execute && role != Write ||
				p.Occupied(&p.Invocations[1]) != -1 {
				t.Errorf("%s, %s: %d waits, in use until a %s", r.Model, o, waits, role)
			}
		}
	}
}
