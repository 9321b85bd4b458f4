package predict

import (
	"testing"
	"time"

	"testbed/emulator/faas/instance"
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
	starts := Starts{"f": {Median: time.Second}, "g": {Median: 2 * time.Second}, "stateless": {Median: 3 * time.Second}}
	s := NewStandby(starts, plans, movable)
	expect := func(when string, want time.Duration, node topology.ID, functions ...string) {
		t.Helper()
		if got := s.Expect(functions, node).Median; got != want {
			t.Errorf("%s: %v on node %d take %v, want %v", when, functions, node, got, want)
		}
	}
	starting := func(want time.Duration, node topology.ID, functions ...string) {
		t.Helper()
		if got := s.Start(functions, node).Median; got != want {
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
	if got := (*Standby)(nil).Expect([]string{"f"}, 1); got.Median != 0 {
		t.Errorf("without any, %v", got)
	}
}

// TestStandbyOfWhatIsFound: a program is warm where that was found out, takes the rest where it is starting, and all of
// it elsewhere. Of several the last counts, which is later than each.
func TestStandbyOfWhatIsFound(t *testing.T) {
	same, spread := instance.Distribution{Median: time.Second}, instance.Distribution{Median: time.Second, P95: 2e9}
	s := StandbyOf(Starts{"f": same, "g": spread, "h": spread}, []Standing{
		{Node: 1, Function: "f", Warm: true}, {Node: 2, Function: "f", Since: 300 * time.Millisecond},
		{Node: 3, Function: "f"}, {Node: 3, Function: "unknown"},
	})
	for node, want := range []time.Duration{time.Second, 0, 700 * time.Millisecond, time.Second, time.Second} {
		if got := s.Expect([]string{"f", "f", "unknown"}, topology.ID(node)); got.Median != want {
			t.Errorf("on node %d f takes %v, want %v", node, got, want)
		}
	}
	if got := s.Expect([]string{"g", "h"}, 1); got.Median <= spread.Median || got.P95 <= spread.P95 {
		t.Errorf("two take %v, and each %v", got, spread)
	}
}
