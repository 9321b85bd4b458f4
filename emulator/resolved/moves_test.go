package resolved

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

func moving(t *testing.T, models, move string) (*Scenario, error) {
	t.Helper()
	text := fmt.Sprintf(`name: moving
topology:
  nodes: {a: {memory: 4MiB}, b: {memory: 4MiB}, c: {memory: 4MiB}, s: {kind: switch}}
  links: [{endpoints: [a, s]}, {endpoints: [b, s]}, {endpoints: [c, s]}]
cloud: {at: s}
models: [%s]
placement: {hosts: [b]}
workload:
  jobs:
    - {name: one, client: a, states: {own: 10B}, tasks: {f: {ops: 1, states: own}, g: {ops: 1}}}
events:
  - {at: 2s, migrate: {function: f, client: a, to: c, method: pre-copy}}
  - {at: 1s, migrate: {%s}}
`, models, move)
	s, err := scenario.Parse([]byte(text), "moving.yaml", builtin.Catalogue())
	if err != nil {
		return nil, err
	}
	return Prepare(s)
}

func TestMoves(t *testing.T) {
	e, err := moving(t, "external, in-function", "function: f, client: a, to: b")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := e.Topology.Lookup("b")
	c, _ := e.Topology.Lookup("c")
	if len(e.Moves) != 2 || e.Moves[0].At != time.Second || e.Moves[0].To != b || e.Moves[0].Method != faas.StopAndCopy ||
		e.Moves[1].To != c || e.Moves[1].Method != faas.PreCopy || e.Moves[1].Rounds != faas.DefaultRounds ||
		len(e.Moves[1].Placed) != 1 || e.Moves[1].Placed[0] != b {
		t.Errorf("%+v", e.Moves)
	}
	for _, wrong := range []struct{ models, move, want string }{
		{"external, in-edge", "function: f, client: a, to: b",
			"moving.yaml:12:14: events[0].migrate: a function moves with the states that its worker keeps, " +
				"and none of the models keeps them there"},
		{"in-function", "function: ff, client: a, to: b",
			`moving.yaml:13:34: events[1].migrate.function: no job has a task of the function "ff"; did you mean "f"?`},
		{"in-function", "function: g, client: a, to: b", `a has no function "g" with a state; write one of f`},
		{"in-function", "function: f, client: b, to: c", "no function with a state is executed for b"},
		{"in-function", "function: f, client: a, from: c, to: b", "function f of a is not placed on c; write one of b"},
	} {
		if _, err := moving(t, wrong.models, wrong.move); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s: %v, want %s", wrong.move, err, wrong.want)
		}
	}
}

func TestDrains(t *testing.T) {
	const text = `name: draining
topology:
  nodes: {a: {memory: 4MiB}, b: {memory: 4MiB}, c: {memory: 4MiB}, d: {memory: 4MiB}, s: {kind: switch}}
  links: [{endpoints: [a, s]}, {endpoints: [b, s]}, {endpoints: [c, s], delay: 2ms}, {endpoints: [d, s], delay: 1ms}]
cloud: {at: s}
models: [%s]
placement: {hosts: [b, c, d]}
workload:
  jobs:
    - {name: one, client: a, states: {own: 10B}, tasks: {f: {ops: 1, states: own}}}
events:
  - {from: 3s, to: 9s, node: b, down, drain: %s}
  - {from: 1s, to: %s, node: d, down}
`
	prepare := func(models, drain, until string) (*Scenario, error) {
		s, err := scenario.Parse(fmt.Appendf(nil, text, models, drain, until), "draining.yaml", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		return Prepare(s)
	}
	for _, c := range []struct{ drain, until, to string }{
		{"2s", "2s", "d"}, // the nearest, which is up again at 3 s
		{"2s", "4s", "c"},
		{"{within: 2s, to: [a, c]}", "2s", "a"},
	} {
		e, err := prepare("in-function", c.drain, c.until)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := e.Topology.Lookup("a")
		b, _ := e.Topology.Lookup("b")
		to, _ := e.Topology.Lookup(c.to)
		if len(e.Moves) != 1 || e.Moves[0].At != time.Second || e.Moves[0].Until != 3*time.Second ||
			e.Moves[0].Drained[0] != b || len(e.Moves[0].Targets) != 1 || e.Moves[0].Targets[a] != to {
			t.Errorf("%s, %s: %+v, not to %d", c.drain, c.until, e.Moves, to)
		}
		for at, refuge := range []bool{true, false, false, false, true} { // it is drained from 1 s on, and down from 3 to 9 s
			when := time.Duration(at) * time.Second
			if at == 4 {
				when = 10 * time.Second
			}
			if got := slices.Contains(e.Refuges(b, when), b); got != refuge {
				t.Errorf("at %v b is a refuge: %v", when, got)
			}
		}
	}
	if _, err := prepare("in-function", "{within: 2s, to: d}", "4s"); err == nil ||
		!strings.Contains(err.Error(), "draining.yaml:12:39: events[0].drain: there is no host that b's functions could go to") {
		t.Error(err)
	}
	e, err := prepare("external", "2s", "4s")
	if err != nil || len(e.Moves) != 0 ||
		!strings.Contains(strings.Join(e.Notes, "\n"), "events[0].drain: none of the models") {
		t.Errorf("%v: %+v", err, e)
	}
}

func TestRebalanceWithoutStatesInWorkers(t *testing.T) {
	const text = `name: balanced
topology:
  nodes: {a: {memory: 4MiB}, b: {memory: 4MiB}, s: {kind: switch}}
  links: [{endpoints: [a, s]}, {endpoints: [b, s]}]
cloud: {at: s}
models: [%s]
placement: {hosts: [b], rebalance: 5s}
workload:
  jobs:
    - {name: one, client: a, states: {own: 10B}, tasks: {f: {ops: 1, states: own}}}
replay: {arrival: %s}
`
	prepare := func(models, arrival string) (*Scenario, error) {
		s, err := scenario.Parse(fmt.Appendf(nil, text, models, arrival), "balanced.yaml", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if p := s.Placement.Rebalance; p.Every != 5*time.Second || p.Horizon != time.Minute ||
			p.Megabyte != time.Millisecond {
			t.Errorf("%+v", p)
		}
		return Prepare(s)
	}
	for models, noted := range map[string]bool{"external": true, "external, in-function": false} {
		e, err := prepare(models, "sequential")
		if err != nil || strings.Contains(strings.Join(e.Notes, "\n"), "placement.rebalance: none of the models") != noted {
			t.Errorf("%s: %v, %+v", models, err, e)
		}
	}
	_, err := prepare("in-function", "isolated")
	if err == nil || !strings.Contains(err.Error(), "placement.rebalance: ") {
		t.Error(err)
	}
}
