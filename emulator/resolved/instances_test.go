package resolved

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/profile"
	"testbed/emulator/scenario"
)

const scaledPrograms = `name: x
topology: {nodes: {a: {memory: 1GiB, cpu: 1}, b: {memory: 1GiB, cpu: 1}}, links: [{endpoints: [a, b]}]}
models: [in-function]
profile: measured.jsonl
workload:
  jobs:
    - name: j
      states: {s: 1kB}
      tasks: {f: {ops: 1, states: s}, g: {ops: 1, after: f}, h: {ops: 1, after: g},
        w: {ops: 1, after: h}}
functions:
  w: {command: [/bin/true]}
  f: {command: [/bin/true], instances: {max: 2}}
  g: {command: [/bin/true], instances: {max: 2}}
  h: {command: [/bin/true], instances: {max: 2, start: 7ms}}
`

// TestStartsComeFromTheProfile: where the scenario says nothing of a program's starts, predictions expect those
// measured.
func TestStartsComeFromTheProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	about := profile.About{Digest: strings.Repeat("00", 32), Made: time.Unix(1e9, 0), Chains: 1}
	var samples []profile.Sample
	for i, name := range []string{"f", "g", "h", "w"} {
		samples = append(samples, profile.Sample{Job: "j", Task: i, Function: name, Duration: time.Millisecond})
	}
	second := []time.Duration{time.Second, time.Second, 2 * time.Second}
	p := profile.Make(about, samples, map[string][]time.Duration{"f": second, "h": second, "w": second})
	file, err := os.Create(filepath.Join(filepath.Dir(path), "measured.jsonl"))
	if err == nil {
		err = p.Write(file)
	}
	if err == nil {
		err = file.Close()
	}
	if err == nil {
		err = os.WriteFile(path, []byte(scaledPrograms), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Load(path, builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	chains, err := e.Chains(plan.InFunction)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]instance.Distribution{"g": {}, "h": {Median: 7 * time.Millisecond},
		"f": {Median: time.Second, P95: p.Functions[0].Starts.P95}}
	for _, inv := range chains[0].Invocations {
		if inv.Function == "w" {
			continue // it is always warm: its starts are those of moves
		}
		if inv.Instances == nil || inv.Instances.Start != want[inv.Function] {
			t.Errorf("%s: %+v, want %+v", inv.Function, inv.Instances, want[inv.Function])
		}
	}
	if warm := e.Standby(); !maps.Equal(warm, predict.Starts{"w": want["f"]}) {
		t.Errorf("those that are always warm start within %v", warm)
	}
	if notes := strings.Join(e.Notes, "\n"); !strings.Contains(notes, "starts of g take") {
		t.Errorf("the notes are %s", notes)
	}
}

func TestIsolatedChainsHaveWarmInstances(t *testing.T) {
	text := strings.Replace(scaledPrograms, "profile: measured.jsonl", "replay: {arrival: isolated}", 1)
	s, err := scenario.Parse([]byte(text), "x.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(s); err == nil || !strings.Contains(err.Error(), "or let instances be warm") {
		t.Errorf("%v", err)
	}
}
