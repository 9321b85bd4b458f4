package resolved

import (
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// Chains are rearranged only where it is known beforehand what they share.
func TestIsolatedChainsHaveKnownWorkers(t *testing.T) {
	const base = `name: x
topology: {nodes: {a: {memory: 1GiB, cpu: 1}, b: {memory: 1GiB, cpu: 1}, c: {memory: 1GiB, cpu: 1}, s: {kind: switch}},
  links: [{endpoints: [a, s]}, {endpoints: [b, s]}, {endpoints: [c, s]}]}
workload: {clients: [a], jobs: [{name: j, client: a, states: {s: 1kB}, tasks: {f: {ops: 1, states: s}}}]}
`
	for keys, want := range map[string]string{
		"models: [in-edge]\nplacement: {hosts: [b, c], dispatch: round-robin}\n" +
			"replay: {arrival: isolated, compute: shared}\n": "or dispatch: fixed",
		"models: [in-function]\nplacement: {hosts: [b]}\nreplay: {arrival: isolated}\n" +
			"events: [{at: 1s, migrate: {function: f, client: a, to: c}}]\n": "or remove the event",
		"models: [in-function]\nplacement: {hosts: [b]}\norchestration: chained\n" +
			"events: [{at: 1s, migrate: {function: f, client: a, to: c}}]\n": "none of the models keeps them there",
	} {
		s, err := scenario.Parse([]byte(base+keys), "x.yaml", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Prepare(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", keys, err, want)
		}
		if s, err = scenario.Parse([]byte(base+strings.Replace(keys, "isolated", "sequential", 1)), "x.yaml",
			builtin.Catalogue()); err != nil {
			t.Fatal(err)
		}
		if _, err := Prepare(s); err != nil && strings.Contains(keys, "isolated") {
			t.Errorf("sequential: %v", err)
		}
	}
}
