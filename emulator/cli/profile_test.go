package cli

import (
	"testing"

	"testbed/emulator/scenario"
)

// TestProfileUsage: what is wrong with the command or the scenario is told before anything is made.
func TestProfileUsage(t *testing.T) {
	l := newBench(t)
	programs := l.file("programs.yaml", `name: x
topology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}
runtime: process
models: [in-edge]
workload: {clients: [a], jobs: [{name: j, tasks: {f: {ops: 1, argument: 1kB}}}]}
functions: {f: {command: [sh]}}
`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"profile", programs}, "name the file"},
		{[]string{"profile", "-o", "f", "--chains", "0", programs}, "want at least 1"},
		{[]string{"profile", "-o", "f", "--model", "pure-faas", programs}, "functions cannot be programs"},
		{[]string{"profile", "-o", "f", "--model", "external", programs}, "the scenario has none"},
		{[]string{"profile", "-o", "f", l.tiny}, "no function is a program"},
		{[]string{"profile", "-o", "f"}, "takes one argument"},
	} {
		l.want(ExitUsage, c.want, c.args...)
	}
}

// TestSimulateWithoutProfile: nothing is better than something wrong.
func TestSimulateWithoutProfile(t *testing.T) {
	l := newBench(t)
	path := l.file("programs.yaml", `name: x
topology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}
models: [in-edge]
workload: {clients: [a], jobs: [{name: j, tasks: {f: {ops: 1, argument: 1kB}}}]}
functions: {f: {command: [sh]}}
`)
	for _, engine := range []string{"transport", "statesim"} {
		l.want(ExitUsage, "programs", "simulate", "--engine", engine, path)
	}
}

// TestProfileKey: what the command says to write into the scenario names the file that it has written.
func TestProfileKey(t *testing.T) {
	here := scenario.Absolute(".")
	for _, c := range []struct{ scenario, file, want string }{
		{"scenarios/f.yaml", "scenarios/f.profile", "f.profile"},
		{"f.yaml", "f.profile", "f.profile"},
		{"scenarios/f.yaml", "f.profile", "../f.profile"},
		{here + "/scenarios/f.yaml", "scenarios/p/f.profile", "p/f.profile"},
		{"scenarios/f.yaml", "/var/f.profile", "/var/f.profile"},
	} {
		if got := profileKey(c.scenario, c.file); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.scenario, c.file, got, c.want)
		}
	}
}
