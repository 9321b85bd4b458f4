package scenario_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

const withFunctions = `name: x
topology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}
runtime: process
models: [in-function]
workload:
  jobs:
    - name: j
      tasks:
        detect: {ops: 1}
        count: {ops: 1, after: detect}
`

func TestFunctionsAreRead(t *testing.T) {
	s, err := scenario.Parse([]byte(withFunctions+`functions:
  detect: {command: [python3, detect.py], env: {LEVEL: 3}, payload: "*.jpg", memory: 64MiB, processes: 9}
  count: builtin
  "*": {command: [./other], timeout: 5s, argument: previous}
`), "/some/where/f.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	d := s.Function("detect")
	if d.Argument != scenario.ArgumentPayload || d.Timeout != 30*time.Second || d.Env[0].Value != "3" || d.Processes != 9 {
		t.Errorf("detect: %+v", d)
	}
	if f := s.Function("count"); f.Program() || f.Kind != scenario.Builtin {
		t.Errorf("count: %+v", f)
	}
	if f := s.Function("unheard-of"); f.Name != "*" || f.Processes != 256 || f.Timeout != 5*time.Second {
		t.Errorf("the others: %+v", f)
	}
	if dir := s.FunctionDir(d); dir != "/some/where" {
		t.Errorf("the directory is %s", dir)
	}
	roundTrip(t, s)
	moved := s.Relocated("/else/where/g.yaml", nil)
	if f := moved.Function("detect"); f.Dir != "/some/where" || f.Payload != "/some/where/*.jpg" || d.Dir != "" {
		t.Errorf("relocated to %+v, from %+v", f, d)
	}
}

// TestBadFunctions are slips, each with the line and the remedy that is expected.
func TestBadFunctions(t *testing.T) {
	schema := compileSchema(t)
	dir := t.TempDir()
	for _, name := range []string{"program", "data.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "data.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ functions, want string }{
		{"detct: {command: [./program]}", `did you mean "detect"?`},
		{"detect: {command: [./progam]}", "there is no program ./progam"},
		{"detect: {command: [./data.txt]}", "permission denied"},
		{"detect: {command: [no-such-program-anywhere]}", "install it, or write the program's path"},
		{"detect: {command: [./program], image: me/x}", "is given more than once"},
		{"detect: {image: me/x}", "the runtime process cannot run images"},
		{"detect: {env: {A: b}}", "is missing"},
		{"detect: {kind: builtin, env: {A: b}}", "it has a meaning for programs only"},
		{"detect: {command: [./program], env: {PORT: 80}}", "the testbed sets PORT"},
		{"detect: {command: [./program], env: {A-B: 80}}", "is not a valid name"},
		{"detect: {command: [./program], argument: payload}", "add payload: FILES"},
		{"detect: {command: [./program], payload: x, argument: synthetic}", "it has no meaning with argument: synthetic"},
		{"detect: {command: [./program], payload: '*.jpg'}", "no file fits"},
		{"detect: {command: [./program], payload: '[a'}", "is no pattern"},
		{"detect: {command: [./program], dir: nowhere}", "no such file"},
		{"detect: {command: [./program], dir: program}", "is no directory"},
		{"detect: {command: [./program], processes: 0}", "out of range"},
		{"detect: {command: ./program}", "write a list"},
		{"detect: bultin", `did you mean "builtin"?`},
		{"detect: {command: [./program]}\nmodels: [pure-faas]", "functions cannot be programs yet"},
		{"detect: {command: [./program]}\norchestration: chained", "functions cannot be programs yet"},
		{"detect: {command: [./program]}\nstate-access: client", "write state-access: worker"},
	} {
		text := withFunctions
		if strings.Contains(c.functions, "\nmodels:") {
			text = strings.Replace(text, "models: [in-function]\n", "", 1)
		}
		path := filepath.Join(dir, "f.yaml")
		text += "functions:\n  " + c.functions + "\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := scenario.Load(path, builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.functions, err, c.want)
		}
	}
	good := withFunctions + "functions:\n  detect: {command: [./program]}\n  \"*\": builtin\n"
	if err := bySchema(schema, good); err != nil {
		t.Error(err)
	}
	if err := bySchema(schema, withFunctions+"functions: {detect: {command: []}}\n"); err == nil {
		t.Error("the schema accepts an empty command")
	}
}
