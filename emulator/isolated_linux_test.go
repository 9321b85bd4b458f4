package emulator_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/record"
	"testbed/emulator/run"
)

// premises is the study's network with some of the hour's chains, which arrive in a way and whose states somebody
// accesses.
const premises = `name: %s
topology: {synth: iiot}
cloud: {at: hosts, rtt: 120ms, rate: 50Mbps}
workload: {trace: alibaba-2018-hour, jobs: 24, max-length: 4, state-factor: 2e5, arg-factor: 2e5, ops-factor: 1e4}
models: [external, in-client]
state-access: %s
replay: {arrival: %s, chains: 16}
runtime: process
fabric: userspace
`

// arrived runs the scenario, and gives the undisturbed chains and the time that each model took.
func arrived(t *testing.T, access, arrival string) (map[string]map[int]record.Chain, map[string]time.Duration) {
	t.Helper()
	w := newReal(t)
	name, dir := fmt.Sprintf("iso-%d", os.Getpid()), t.TempDir()
	path := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, premises, name, access, arrival), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	bed, err := w.of.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.of.Remove(context.Background(), name, true, nil); err != nil {
			t.Error(err)
		}
	}()
	sink := &kept{}
	outcome, err := bed.Run(t.Context(), run.Config{Results: dir, Sinks: []record.Sink{sink}})
	if err != nil || outcome.Failures() > 0 {
		t.Fatalf("%v, %q", err, outcome.Summary.Errors)
	}
	chains, took := map[string]map[int]record.Chain{}, map[string]time.Duration{}
	for _, m := range outcome.Summary.Models {
		chains[m.Model], took[m.Model] = map[int]record.Chain{}, m.Elapsed
		if m.Done != 16 || m.Cold > 0 {
			t.Errorf("%s: %+v", m.Model, m)
		}
	}
	for _, c := range sink.chains {
		if !c.Superseded && !c.Disturbed {
			chains[c.Model][c.Index] = c
		}
	}
	return chains, took
}

// TestIsolatedIsSequential: chains that share nothing take side by side what they take one after the other, and all of
// them much less.
func TestIsolatedIsSequential(t *testing.T) {
	for _, access := range []string{"worker", "client"} {
		alone, one := arrived(t, access, "sequential")
		beside, many := arrived(t, access, "isolated")
		for model := range one {
			a, b, common := 0.0, 0.0, 0
			for index, c := range alone[model] {
				if other, both := beside[model][index]; both {
					a, b, common = a+c.Measured.Latency, b+other.Measured.Latency, common+1
				}
			}
			t.Logf("%s, by %s: %d chains left alone, %.4f s one after the other, %.4f s side by side; in %v, %v", model, access,
				common, a, b, one[model].Round(time.Millisecond), many[model].Round(time.Millisecond))
			if common < 12 {
				t.Errorf("%s: the host has left %d of 16 chains alone", model, common)
				continue
			}
			if allowed := 0.01*a + 0.001*float64(common); math.Abs(b-a) > allowed { // and a millisecond each
				t.Errorf("%s: side by side they take %.4f s, one after the other %.4f s", model, b, a)
			}
		}
		// On a machine that does nothing else it is a third, with more chains less: emulator/README.md.
		if model := "external"; many[model] > one[model]*2/3 {
			t.Errorf("%s takes %v side by side, %v one after the other", model, many[model], one[model])
		}
	}
}
