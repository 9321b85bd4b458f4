package scenario_test

import (
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// What a dispatcher has no place in is refused, with the line and what to write instead.
func TestDispatchIsChecked(t *testing.T) {
	t.Parallel()
	const base = `name: d
topology:
  nodes: {a: {class: host, memory: 1GiB, cpu: 1}, b: {class: host, memory: 1GiB, cpu: 1}}
  links: [{endpoints: [a, b], rate: 1Gbps}]
workload: {synth: {kind: resample, jobs: 9}}
placement: {dispatch: least-outstanding}
models: [in-edge]
replay: {compute: shared}
`
	for _, c := range []struct{ change, want string }{
		{"compute: shared=compute: allotted",
			"6:23: placement.dispatch: least-outstanding has no meaning with replay.compute"},
		{"models: [in-edge]=models: [state-local]",
			"7:10: models[0]: in the model state-local workers call each other"},
		{"models: [in-edge]=models: [in-edge]\norchestration: chained",
			"6:23: placement.dispatch: where workers call each other"},
		{"dispatch: least-outstanding=dispatch: fast", "6:23: placement.dispatch: "},
		{"dispatch: least-outstanding=dispatch: {kind: round-robin, half-life: 1s}",
			"it has no meaning with kind: round-robin"},
		{"dispatch: least-outstanding=dispatch: {kind: two-choices, half-life: 0s}",
			"placement.dispatch.half-life: 0s is too small"},
	} {
		old, to, _ := strings.Cut(c.change, "=")
		_, err := scenario.Parse([]byte(strings.Replace(base, old, to, 1)), "d.yaml", builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.change, err, c.want)
		}
	}
	for _, text := range []string{
		"dispatch: {kind: two-choices, seed: 3, half-life: 200ms}", "dispatch: {kind: least-latency}", "dispatch: fixed",
	} {
		changed := strings.Replace(base, "dispatch: least-outstanding", text, 1)
		if _, err := scenario.Parse([]byte(changed), "d.yaml", builtin.Catalogue()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
