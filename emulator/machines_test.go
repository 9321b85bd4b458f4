package emulator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/machines"
	"testbed/emulator/noderuntime"
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
