package predict

import (
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// TestStandby: a program is warm where stateful instances use it, and others; it ends with the last of the former.
func TestStandby(t *testing.T) {
	uses := func(model plan.Model, client, node topology.ID, location plan.Location, functions ...string) *plan.Plan {
		p := &plan.Plan{Model: model, Client: client, Index: int(client)}
		for _, f := range functions {
			inv := plan.Invocation{Function: f, Worker: node}
			if f != "stateless" {
				inv.States = []plan.Access{{Location: location}}
			}
			p.Invocations = append(p.Invocations, inv)
		}
		return p
	}
	const movable, other = plan.InFunction, plan.External
	plans := []*plan.Plan{
		uses(movable, 10, 1, plan.Local, "f", "g"), uses(movable, 11, 1, plan.Local, "f"),
		uses(movable, 12, 2, plan.Local, "stateless"), uses(other, 10, 1, plan.Repository, "g"),
	}
	starts := map[string]time.Duration{"f": time.Second, "g": 2 * time.Second, "stateless": 3 * time.Second}
	s := NewStandby(starts, plans, movable)
	expect := func(when string, want time.Duration, node topology.ID, functions ...string) {
		t.Helper()
		if got := s.Expect(functions, node); got != want {
			t.Errorf("%s: %v on node %d take %v, want %v", when, functions, node, got, want)
		}
	}
	starting := func(want time.Duration, node topology.ID, functions ...string) {
		t.Helper()
		if got := s.Start(functions, node); got != want {
			t.Errorf("%v start on node %d within %v, want %v", functions, node, got, want)
		}
	}
	expect("where they are placed", 0, 1, "f", "g")
	expect("elsewhere", 2*time.Second, 3, "f", "g")
	expect("without a state", 0, 2, "stateless")
	expect("unknown", 0, 3, "h")

	starting(2*time.Second, 3, "f", "f", "g")
	s.Leave([]string{"f", "f", "g"}, 1)
	expect("where they are now", 0, 3, "f", "g")
	expect("another client's is here", 0, 1, "f")
	starting(0, 3, "f")
	s.Leave([]string{"f"}, 1)
	expect("all have left", time.Second, 1, "f")
	expect("all have left, but another model has it here", 0, 1, "g")

	starting(time.Second, 4, "f")
	s.Leave([]string{"f"}, 4) // it has not come in the end
	expect("after a move that was undone", time.Second, 4, "f")
	if got := (*Standby)(nil).Expect([]string{"f"}, 1); got != 0 {
		t.Errorf("without any, %v", got)
	}
}
