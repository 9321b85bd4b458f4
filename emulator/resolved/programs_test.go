package resolved

import (
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// What programs need of functions before them and beside them is said before anything is made, wherever jobs come from.
func TestProgramsNeedPrograms(t *testing.T) {
	const base = `name: x
topology: {nodes: {a: {memory: 1GiB, cpu: 1}, b: {memory: 1GiB, cpu: 1}}, links: [{endpoints: [a, b]}]}
models: [in-function]
runtime: process
`
	for text, want := range map[string]string{
		"workload: {jobs: [{name: j, client: a, tasks: {f: {ops: 1}, g: {ops: 1, after: f}}}]}\n" +
			"functions: {g: {command: [/bin/true], argument: previous}}\n": "f is built in, whose answers mean nothing",
		"workload: {synth: spar, functions: 2}\n" +
			"functions: {f0: {command: [/bin/true]}}\n": "which use one state, one is a program and one is built in",
	} {
		s, err := scenario.Parse([]byte(base+text), "x.yaml", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Prepare(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
