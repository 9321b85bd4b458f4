package run

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/profile"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
)

const programs = `name: x
topology: {nodes: {a: {}, b: {}}, links: [{endpoints: [a, b]}]}
models: [in-edge, in-function]
workload: {clients: [a], jobs: [{name: j, tasks: {f: {ops: 1, argument: 1kB}}}]}
replay: {arrival: {kind: poisson, rate: 3/s}, chains: 1, disturbed: keep, warmup: false}
functions: {f: {command: [sh]}}
`

func TestProfiledScenario(t *testing.T) {
	digests := map[string]bool{}
	for _, model := range []string{"", "in-edge"} {
		s, err := scenario.Parse([]byte(programs), "f",
			builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		digest, err := Profiled(s, model)
		if err != nil {
			t.Fatal(err)
		}
		digests[digest] = true
		want := model
		if want == "" {
			want = "in-function"
		}
		if len(s.Models) != 1 || s.Models[0] != want || s.Replay.Arrival.Kind != "sequential" || s.Replay.Chains != 0 ||
			s.Replay.Disturbed.Then != "repeat" || s.Replay.Disturbed.Repeats < 1 || !s.Replay.Warmup {
			t.Errorf("%q: %v, %+v", model, s.Models, s.Replay)
		}
		text, err := s.Resolved()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.Parse(text, "f", builtin.Catalogue()); err != nil {
			t.Errorf("the testbed's own copy is refused: %v", err)
		}
	}
	if len(digests) != 1 {
		t.Errorf("one scenario has the digests %v", digests)
	}
}

func TestProfiler(t *testing.T) {
	p := &Profiler{}
	if _, err := p.Profile(&record.Manifest{}, "x", "", ""); err == nil {
		t.Error("there is a profile of nothing")
	}
	chain := record.Chain{Job: "j", Programs: []record.Program{{Task: 1, Function: "f", Argument: 10, Result: 20,
		Duration: 0.25, States: []record.Resized{{Read: 1, Written: 2}}}}}
	for _, c := range []record.Chain{superseded(chain), failed(chain), chain} {
		steps := []record.Step{{Task: 1, Role: "start", Start: 0.5}, {Task: 1}, {Task: 0, Start: 9}}
		if err := p.Write(c, steps); err != nil {
			t.Fatal(err)
		}
	}
	m := &record.Manifest{Start: time.Unix(1e9, 5), Models: []record.ModelCounts{{Model: "in-edge"}}}
	got, err := p.Profile(m, "x", strings.Repeat("00", 32), "host")
	if err != nil {
		t.Fatal(err)
	}
	f := got.Functions[0]
	if got.About.Chains != 1 || got.About.Model != "in-edge" || len(got.Tasks) != 1 || f.Invocations != 1 ||
		f.Inputs[0].Duration.Median != 250*time.Millisecond ||
		f.Inputs[0].States[0] != (profile.State{Read: 1, Written: 2}) ||
		f.Starts == nil || f.Starts.Median != 500*time.Millisecond {
		t.Errorf("%+v", got)
	}
	if err := got.Write(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
