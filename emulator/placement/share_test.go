package placement

import (
	"slices"
	"testing"

	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

func TestShares(t *testing.T) {
	g := topology.New("shares")
	for _, v := range []topology.Vertex{
		{Name: "a", Class: "pi"}, {Name: "b", Class: "pi"}, {Name: "c", Class: "server"}, {Name: "d", Class: "nuc"},
		{Name: "s", Class: "x", Kind: topology.Switch},
	} {
		if _, err := g.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	jobs := []workload.Job{{Tasks: []workload.Task{{Ops: 5}, {Ops: 7}}}, {Tasks: []workload.Task{{Ops: 11}}}}
	p := &Placement{Node: [][]topology.ID{{0, 2}, {2}}, Load: map[topology.ID]int{0: 1, 2: 2}}
	want := []Share{{Class: "nuc", Hosts: 1}, {Class: "pi", Hosts: 2, May: 1, Executed: 1, Tasks: 1, Operations: 5},
		{Class: "server", Hosts: 1, May: 1, Executed: 1, Tasks: 2, Operations: 18}}
	if got := p.Shares(g, jobs, []topology.ID{0, 2}); !slices.Equal(got, want) {
		t.Errorf("%+v, not %+v", got, want)
	}
}
