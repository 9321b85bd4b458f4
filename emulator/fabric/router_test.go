package fabric

import (
	"testing"

	"testbed/emulator/topology"
)

func TestRouters(t *testing.T) {
	n := sample(t)
	top := n.Topology
	hub, err := top.Add(topology.Vertex{Name: "hub", Kind: topology.Switch})
	if err != nil {
		t.Fatal(err)
	}
	// A wire between the medium and the switch is a place of its own, as the medium is.
	drop, err := top.Add(topology.Vertex{Name: "drop", Kind: topology.Link})
	if err != nil {
		t.Fatal(err)
	}
	air, _ := top.Lookup("air")
	top.Join(air, drop, 0)
	top.Join(drop, hub, 0)
	want := map[string]bool{"air": true, "hub": true, "drop": true}
	for id, got := range Routers(top) {
		if name := top.Vertices[id].Name; got != want[name] {
			t.Errorf("%s forwards: %v", name, got)
		}
	}
	if got := RouterAddr(0).String() + " " + RouterAddr(99_999).String(); got != "198.18.0.1 198.19.134.160" {
		t.Error(got)
	}
}
