package emulator_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/machines"
	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
)

// TestCutAsksTheInventory: what the inventory finds is what a scenario is cut for, pins go by name or ID, and where
// machines have one name only the ID will do.
func TestCutAsksTheInventory(t *testing.T) {
	load := func(machine string) string {
		path := filepath.Join(t.TempDir(), "x.yaml")
		text := "name: x\ntopology:\n  nodes: {a: {machine: " + machine + "}, b: {}}\n" +
			"  links: [{endpoints: [a, b], delay: 5ms}]\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	h := &emulator.Host{}
	h.Inventory = func(context.Context, machines.Spec) ([]machines.Machine, []string, error) {
		return []machines.Machine{{ID: "id1", Name: "lab"}, {ID: "id2", Name: "lab"}}, []string{"id3 is down"}, nil
	}
	cutFor := func(machine string) (*emulator.Cut, error) {
		e, err := emulator.Load(load(machine))
		if err != nil {
			t.Fatal(err)
		}
		return h.Cut(context.Background(), e, emulator.CutOptions{Machines: machines.Spec{Kind: machines.Swarm}})
	}
	c, err := cutFor("id2")
	if err != nil || c.Result == nil || c.Partition.Of["a"] != 1 || c.Partition.Of["b"] != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if !slices.Equal(c.Unfit, []string{"id3 is down"}) {
		t.Errorf("unfit: %q", c.Unfit)
	}
	for machine, want := range map[string]string{"lab": "2 machines are called lab", "id3": "there is no machine id3"} {
		if _, err := cutFor(machine); !errors.Is(err, emulator.ErrInput) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", machine, err)
		}
	}
	h.Inventory = nil
	if _, err := cutFor("id2"); !errors.Is(err, noderuntime.ErrNotSupported) {
		t.Errorf("a Swarm without an engine: %v", err)
	}
}

// TestMachinesThatAreNotThere: whoever names a machine that Docker's client does not know, or that anybody can command,
// is told so, as of whatever else is wrong on the command line.
func TestMachinesThatAreNotThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	context := func(name, host string) {
		sum := sha256.Sum256([]byte(name))
		at := filepath.Join(dir, "contexts", "meta", hex.EncodeToString(sum[:]))
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"Name": %q, "Endpoints": {"docker": {"Host": %q}}}`, name, host)
		if err := os.WriteFile(filepath.Join(at, "meta.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	context("silent", "unix://"+filepath.Join(dir, "nobody.sock"))
	context("bare", "tcp://127.0.0.1:1")
	h := emulator.NewHostAt(orchestrator.Store(filepath.Join(dir, "store")), filepath.Join(dir, "key"), os.Args[0], "test")
	e := load(t, fakehost.Scenario)
	for list, want := range map[string]string{
		"abc":           `machine abc: there is no Docker context "abc" (`,
		"silent,abc=2":  "name one that `docker context ls` lists, or write ssh://abc, unix:///SOCKET, or swarm",
		"abc,silent,ab": `machine ab: there is no Docker context "ab" (`,
		"bare":          "without TLS",
		"silent":        "", // it is there, and does not answer
	} {
		spec, err := machines.Parse(list)
		if err != nil {
			t.Fatal(err)
		}
		o := emulator.CutOptions{Machines: spec}
		_, cutting := h.Cut(t.Context(), e, o)
		_, desired := h.Desired(t.Context(), e, emulator.UpOptions{Name: "x", Machines: &o})
		_, up := h.Up(t.Context(), e, emulator.UpOptions{Name: "x", Machines: &o})
		_, all := h.AllOn(t.Context(), spec)
		_, from := h.RemoveFrom(t.Context(), "x", spec, false, func(string) {})
		for does, err := range map[string]error{"cut": cutting, "desired": desired, "up": up, "all": all, "from": from} {
			switch {
			case want != "" && (!errors.Is(err, emulator.ErrInput) || !strings.Contains(err.Error(), want)):
				t.Errorf("%s of %s: %v, not an error of the input with %q", does, list, err, want)
			case want == "" && errors.Is(err, emulator.ErrInput):
				t.Errorf("%s of %s: %v, which is no error of the input", does, list, err)
			}
		}
	}
}

// TestWhatIsCut: links that follow traces are, by the least of their delays, and those of hosts that are attached
// elsewhere; not those of segments in which hosts ask for hardware addresses.
func TestWhatIsCut(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"steady": "1\n2\n3\n", "short.csv": "time,delay\n0,5ms\n1,500us\n2,5ms\n",
		"long.csv": "time,delay\n0,5ms\n1,2ms\n2,5ms\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const nodes = "name: x\ntopology:\n" +
		"  nodes: {a: {}, b: {}, s: {kind: switch}, x: {kind: exchange}, y: {kind: exchange}}\n" +
		"  links:\n    - {endpoints: [a, s]}\n    - {endpoints: [s, x]}\n    - {endpoints: [y, b], delay: %s}\n" +
		"    - {endpoints: [x, y], %s}\n%s"
	for name, c := range map[string]struct{ delay, trace, rest, refused string }{
		"a trace":               {"0s", "delay: 5ms, trace: {file: steady}", "", ""},
		"delays of a trace":     {"0s", "trace: {file: long.csv}", "", ""},
		"short delays of one":   {"0s", "trace: {file: short.csv}", "", "x-y (500µs)"},
		"exchanges":             {"0s", "delay: 5ms", "neighbours: arp\n", ""},
		"a segment":             {"5ms", "delay: 5ms", "neighbours: arp\nmachines: {y: one, b: two}\n", "y-b (in a segment"},
		"no segment":            {"5ms", "trace: {file: short.csv}", "", ""},
		"attached elsewhere":    {"5ms", "delay: 5ms", "events: [{at: 1s, attach: {host: b, to: s}}]\n", ""},
		"its link is too short": {"900us", "delay: 5ms", "events: [{at: 1s, attach: {host: b, to: s}}]\n", "y-b (900µs"},
	} {
		path := filepath.Join(dir, "x.yaml")
		if err := os.WriteFile(path, fmt.Appendf(nil, nodes, c.delay, c.trace, c.rest), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := emulator.Load(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		spec, err := machines.Parse("one,two")
		if err != nil {
			t.Fatal(err)
		}
		found, err := (&emulator.Host{}).Cut(t.Context(), e, emulator.CutOptions{Machines: spec})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		refusal := found.Refusal("x")
		if (refusal == nil) != (c.refused == "") || refusal != nil && !strings.Contains(refusal.Error(), c.refused) {
			t.Errorf("%s: refused: %v", name, refusal)
		}
	}
}
