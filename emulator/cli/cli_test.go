package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"testbed/emulator/scenario/scenariotest"
)

// outcome is what one command line did.
type outcome struct {
	code           int
	stdout, stderr string
}

// invoke runs one command line in this process, without privileges.
func invoke(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(&State{
		Version:    "test",
		Args:       args,
		Stdin:      strings.NewReader(""),
		Stdout:     &stdout,
		Stderr:     &stderr,
		Binary:     os.Args[0],
		Interrupts: func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) },
	})
	return outcome{code, stdout.String(), stderr.String()}
}

func scenarioFile(name string) string { return filepath.Join("..", "..", "scenarios", name) }

func TestExitCodes(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	for _, c := range []struct {
		args []string
		code int
		says string // on either stream
	}{
		{[]string{"version"}, ExitOK, "testbed test"},
		{[]string{"help"}, ExitOK, "simulate"},
		{[]string{"validate", scenarioFile("smoke.yaml")}, ExitOK, "6 hosts"},
		{[]string{"schema"}, ExitOK, `"$schema"`},
		{[]string{"completion", "bash"}, ExitOK, "complete"},
		{[]string{"completion", "fish"}, ExitOK, "testbed"},
		{[]string{"nonsense"}, ExitUsage, `no command "nonsense"`},
		{[]string{"validate"}, ExitUsage, "one argument"},
		{[]string{"validate", missing}, ExitUsage, "missing.yaml"},
		{[]string{"validate", "--nonsense", missing}, ExitUsage, "nonsense"},
		{[]string{"validate", scenarioFile("smoke.yaml"), "-f", "xml"}, ExitUsage, "xml"},
		{[]string{"simulate", scenarioFile("smoke.yaml"), "--engine", "oracle"}, ExitUsage, "oracle"},
		{[]string{"compare"}, ExitUsage, "at least one"},
		{[]string{"compare", missing}, ExitUsage, "missing.yaml"},
		{[]string{"compare", missing, "--fail-if", "nonsense"}, ExitUsage, "fail-if"},
		{[]string{"up", scenarioFile("smoke.yaml"), "--name", "NOT/OK"}, ExitUsage, "NOT/OK"},
		{[]string{"up", scenarioFile("smoke.yaml")}, ExitUnsupported, "sudo"},
		{[]string{"up", missing}, ExitUsage, "missing.yaml"},
		{[]string{"down"}, ExitUnsupported, "root"},
		{[]string{"exec", "pi"}, ExitUsage, "COMMAND"},
		{[]string{"up", scenarioFile("smoke.yaml"), "--dry-run"}, ExitOK, "nothing was made"},
	} {
		got := invoke(t, c.args...)
		if got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.says) {
			t.Errorf("testbed %s: exit %d, want %d and %q in:\n%s%s",
				strings.Join(c.args, " "), got.code, c.code, c.says, got.stdout, got.stderr)
		}
	}
}

// Every bad scenario ends with exit code 2 and a message that names file, line and column, never a panic.
func TestBadScenariosArePositioned(t *testing.T) {
	cases := scenariotest.BadFiles()
	if len(cases) < 100 {
		t.Fatalf("only %d bad files", len(cases))
	}
	path := filepath.Join(t.TempDir(), "bad.yaml")
	position := regexp.MustCompile(`bad\.yaml:[1-9]\d*:[1-9]\d*: .`)
	for i, c := range cases {
		if i%5 != 0 {
			continue // package scenario's own test has them all; here it is about what the commands make of them
		}
		if err := os.WriteFile(path, []byte(c.YAML), 0o600); err != nil {
			t.Fatal(err)
		}
		// All commands read a scenario in one way: the others are asked about some of the files.
		commands := []string{"validate", "up", "simulate"}
		if i%25 != 0 {
			commands = commands[:1]
		}
		for _, command := range commands {
			if got := invoke(t, command, path); got.code != ExitUsage || !position.MatchString(got.stderr) {
				t.Errorf("%s: testbed %s: exit %d:\n%s", c.Name, command, got.code, got.stderr)
			}
		}
	}
}

func TestBadScenarioAsJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(path, []byte("name: x\ntopologie: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := invoke(t, "validate", path, "-f", "json")
	var list []struct {
		Line   int    `json:"line"`
		Remedy string `json:"remedy"`
	}
	if err := json.Unmarshal([]byte(got.stdout), &list); err != nil || got.code != ExitUsage {
		t.Fatalf("exit %d, %v: %s", got.code, err, got.stdout)
	}
	if len(list) == 0 || list[0].Line == 0 {
		t.Fatalf("no position in %s", got.stdout)
	}
}

func TestSimulateIsRepeatable(t *testing.T) {
	args := []string{"simulate", scenarioFile("smoke.yaml"), "-f", "json"}
	first, second := invoke(t, args...), invoke(t, args...)
	var predictions []struct {
		Total float64 `json:"total_s"`
	}
	if err := json.Unmarshal([]byte(first.stdout), &predictions); err != nil || len(predictions) == 0 {
		t.Fatalf("%v: %s%s", err, first.stdout, first.stderr)
	}
	for _, p := range predictions {
		if p.Total <= 0 {
			t.Errorf("a chain of %v s", p.Total)
		}
	}
	if first.stdout != second.stdout {
		t.Error("two predictions of one scenario differ")
	}
}

func TestSynthWritesWhatValidateReads(t *testing.T) {
	dir := t.TempDir()
	if got := invoke(t, "synth", "topology", "iiot", "-o", filepath.Join(dir, "net")); got.code != ExitOK {
		t.Fatal(got.stderr)
	}
	if got := invoke(t, "synth", "workload", "--jobs", "300", "-o", filepath.Join(dir, "trace.csv")); got.code != ExitOK {
		t.Fatal(got.stderr)
	}
	path := filepath.Join(dir, "s.yaml")
	text := "name: s\ntopology: {ether: net}\ncloud: {rtt: 120ms, rate: 50Mbps}\nworkload: {trace: trace.csv}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, "validate", path); got.code != ExitOK || !strings.Contains(got.stdout, "80 hosts") {
		t.Fatalf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
}
