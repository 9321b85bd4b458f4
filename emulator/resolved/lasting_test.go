package resolved

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
)

// sharing is a scenario of two jobs that use their clients' state.
func sharing(t *testing.T, models, one, other string) *Scenario {
	t.Helper()
	text := fmt.Sprintf(`name: sharing
topology:
  nodes: {a: {memory: 4MiB}, b: {memory: 4MiB}, s: {kind: switch}}
  links: [{endpoints: [a, s]}, {endpoints: [b, s]}]
cloud: {at: s}
models: [%s]
workload:
  states: {profile: 1MB}
  jobs:
    - {name: one, count: 2, states: {own: 10B}, tasks: {f: {ops: 1, states: [own, profile]}}, %s}
    - {name: other, tasks: {f: {ops: 1, states: profile}}, %s}
`, models, one, other)
	s, err := scenario.Parse([]byte(text), "sharing.yaml", builtin.Catalogue())
	return ready(t, s, err)
}

func TestWhoCanShareStates(t *testing.T) {
	const all = "external, in-edge, in-function, in-client, pure-faas, state-propagate, state-local"
	always := []plan.Model{plan.InClient, plan.PureFaaS}
	same := append([]plan.Model{plan.External, plan.InEdge, plan.InFunction}, always...)
	for _, c := range []struct {
		one, other string
		can        []plan.Model
	}{
		{"client: a", "client: a", same},
		{"client: a, provider: x", "client: a, provider: x", same},
		{"client: a, provider: x", "client: b, provider: y", same},
		{"client: a, provider: x", "client: a, provider: y", always},
		{"client: a", "client: a, provider: y", always},
	} {
		e := sharing(t, all, c.one, c.other)
		for _, m := range e.Models {
			_, err := e.Chains(m)
			if (err == nil) != slices.Contains(c.can, m) {
				t.Errorf("%s; %s: %s: %v", c.one, c.other, m, err)
			}
			if err != nil && !strings.Contains(err.Error(), "leave the model out") {
				t.Errorf("%s: %v", m, err)
			}
		}
	}
}

// A job's own states come first, and those that outlive it have their names.
func TestLastingStatesOfPlans(t *testing.T) {
	e := sharing(t, "in-client", "client: a", "client: b")
	plans, err := e.Chains(plan.InClient)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range plans {
		got += fmt.Sprintf("%s %v %q %v; ", p.Job, p.StateBytes, p.Lasting, p.Invocations[0].States[0].State)
	}
	const want = `one.1 [10 1000000] ["" "profile"] 0; one.2 [10 1000000] ["" "profile"] 0; ` +
		`other [1000000] ["profile"] 0; `
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if err := e.CheckMemory(0); err != nil {
		t.Error(err)
	}
	a, _ := e.Topology.Lookup("a")
	demands, err := e.demands()
	if err != nil {
		t.Fatal(err)
	}
	if all := demands[0].nodes[a].all; all < 3_000_000 { // the state, and what goes along with a call and back
		t.Errorf("a holds %d bytes at a time", all)
	}
}
