package cli

import (
	"errors"
	"fmt"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
)

// Whoever runs a command in a switch is told that it is one.
func TestNodesThatAreNone(t *testing.T) {
	graph := topology.New("t")
	for _, v := range []topology.Vertex{{Name: "cam"}, {Name: "ap1", Kind: topology.Switch}} {
		if _, err := graph.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	graph.Join(0, 1, 0)
	network := func() (fabric.Network, error) { return fabric.Network{Topology: graph}, nil }
	absent := fmt.Errorf("node x of testbed y: %w", noderuntime.ErrNoSuchNode)
	err := explain(absent, "ap1", network)
	if want := "ap1 is a switch, in which nothing runs; name a host, such as cam; `testbed inspect` lists the nodes"; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if !errors.Is(err, noderuntime.ErrNoSuchNode) {
		t.Error("its kind is lost")
	}
	failed := func() (fabric.Network, error) { return fabric.Network{}, errors.New("gone") }
	other := errors.New("other")
	for name, got := range map[string]error{"a host": explain(absent, "cam", network), "nobody": explain(absent, "nobody", network),
		"no network": explain(absent, "ap1", failed)} {
		if got != absent {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := explain(other, "ap1", network); got != other {
		t.Errorf("another error: %v", got)
	}
}
