package scenario_test

import (
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// A state is that of programs, or of functions which are built in.
func TestStatesOfPrograms(t *testing.T) {
	const text = `name: x
topology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}
models: [in-function]
workload:
  states: {profile: 1kB}
  jobs:
    - name: j
      states: {own: 1kB}
      tasks:
        detect: {ops: 1, states: [own, profile]}
        count: {ops: 1, after: detect, states: own}
    - name: k
      tasks:
        other: {function: FUNCTION, ops: 1, states: profile}
functions:
`
	for _, c := range []struct{ function, functions, want string }{
		{"detect", "  detect: {command: [x]}\n  count: {command: [x]}\n", ""},
		{"f", "  \"*\": {command: [x]}\n", ""},
		{"f", "  \"*\": builtin\n", ""},
		{"detect", "  detect: {command: [x]}\n",
			`x.yaml:11:48: workload.jobs[0].tasks.count.states[0]: the state "own" is used by detect, a program, ` +
				`and by count, which is built in; give each a state of its own, or make both programs`},
		{"f", "  detect: {command: [x]}\n  count: {command: [x]}\n",
			`x.yaml:14:46: workload.jobs[1].tasks.other.states[0]: the state "profile" is used by detect, a program, ` +
				`and by f, which`},
	} {
		_, err := scenario.Parse([]byte(strings.Replace(text, "FUNCTION", c.function, 1)+c.functions), "x.yaml",
			builtin.Catalogue())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.functions, err, c.want)
		}
	}
}
