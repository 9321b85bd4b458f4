package scenario_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

// roundTrip reads back what Resolved and MarshalJSON print.
func roundTrip(t *testing.T, s *scenario.Scenario) {
	t.Helper()
	printed, err := s.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{printed, asJSON} {
		again, err := scenario.Parse(text, s.Path(), builtin.Catalogue())
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if d := cmp.Diff(s.File, again.File); d != "" {
			t.Fatalf("not the same (-first +again):\n%s\n%s", d, text)
		}
		reprinted, err := again.Resolved()
		if err != nil || !bytes.Equal(printed, reprinted) {
			t.Fatalf("printed again it differs (%v):\n%s\n%s", err, printed, reprinted)
		}
	}
}

func TestResolvedDefaults(t *testing.T) {
	const text = "name: x\nseed: 7\ntopology: {synth: iiot}\ncloud: {rtt: 100ms}\n"
	s, err := scenario.Parse([]byte(text), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	printed, err := s.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"premises: 4", "cell-rate: 300Mbps", "delay: 50ms", "rate: 50Mbps", "loc: 5.95ms", "ops-factor: 100000",
		"clients: [rpi3b+, nvidia_jetson_tx2]",
		"models: [external, in-edge, in-function, in-client]", "policy: load+net", "congestion: cubic", "timeout: 1m0s",
	} {
		if !bytes.Contains(printed, []byte(want)) {
			t.Errorf("%q is not in\n%s", want, printed)
		}
	}
	if n := bytes.Count(printed, []byte("seed: 7")); n != 4 {
		t.Errorf("the seed is written %d times, want 4 (scenario, latencies, synthesis, workload)\n%s", n, printed)
	}
	roundTrip(t, s)
}
