package scenario_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/profile"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

const profiled = `name: x
topology: {nodes: {a: {cpu: 1, memory: 1GB}, b: {cpu: 1, memory: 1GB}}, links: [{endpoints: [a, b]}]}
runtime: process
models: [in-edge, in-function]
workload: {clients: [a], jobs: [{name: j, states: {s: 1kB}, tasks: {detect: {ops: 1, argument: 100B, states: [s]}}}]}
placement: {hosts: [b]}
functions: {detect: {command: [sh]}}
`

// writeProfile makes a profile of the function detect, and returns the file's text.
func writeProfile(t *testing.T, path string) string {
	t.Helper()
	p := profile.Make(profile.About{Digest: strings.Repeat("00", 32), Made: time.Unix(1e9, 0)}, []profile.Sample{{
		Job: "j", Function: "detect", Argument: 100, Result: 7, Duration: 30 * time.Millisecond,
		States: []profile.State{{Read: 0, Written: 5000}},
	}}, nil)
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestProfiledPlans(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	writeProfile(t, filepath.Join(filepath.Dir(path), "p.jsonl"))
	for _, c := range []struct {
		keys    string
		known   bool
		written int64 // bytes of the state in in-edge
		note    string
	}{
		{"profile: p.jsonl\n", true, 5000, ""},
		{"", false, 1000, "without a profile nothing is predicted"},
	} {
		if err := os.WriteFile(path, []byte(profiled+c.keys), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Load(path, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, s)
		e, err := resolved.Prepare(s)
		if err != nil {
			t.Fatal(err)
		}
		plans, err := e.Plans(plan.InEdge, plan.ByWorker)
		if err != nil {
			t.Fatal(err)
		}
		if err := predict.Measured(plans); (err == nil) != c.known {
			t.Errorf("%q: %v", c.keys, err)
		}
		for _, step := range plans[0].Steps {
			if step.Role == plan.Write && step.Bytes != c.written {
				t.Errorf("%q: %d bytes are written, not %d", c.keys, step.Bytes, c.written)
			}
		}
		if notes := strings.Join(e.Notes, "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%q: %q", c.keys, notes)
		}
	}
}

func TestBadProfiles(t *testing.T) {
	dir := t.TempDir()
	text := writeProfile(t, filepath.Join(dir, "p.jsonl"))
	bad := strings.Replace(text, `"result_bytes":7`, `"result_bytes":-7`, 1)
	if err := os.WriteFile(filepath.Join(dir, "bad.jsonl"), []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	builtIn := strings.ReplaceAll(profiled, "{command: [sh]}", "builtin")
	for scene, want := range map[string]string{
		profiled + "profile: none.jsonl\n": "x.yaml:8:10: profile: stat",
		profiled + "profile: bad.jsonl\n":  "bad.jsonl:2: function detect, input of 100 bytes",
		builtIn + "profile: p.jsonl\n":     "that are programs only",
	} {
		path := filepath.Join(dir, "x.yaml")
		if err := os.WriteFile(path, []byte(scene), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.Load(path, builtin.Catalogue()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}
