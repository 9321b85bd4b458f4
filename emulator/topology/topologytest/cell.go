// Package topologytest has graphs that tests of several packages share.
package topologytest

import (
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Cell is two stations on a shared medium behind a switch, and a server on a line of two rates.
func Cell(t testing.TB) *topology.Topology {
	t.Helper()
	graph := topology.New("cell")
	add := func(v topology.Vertex) topology.ID {
		id, err := graph.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a, b := add(topology.Vertex{Name: "a"}), add(topology.Vertex{Name: "b"})
	server := add(topology.Vertex{Name: "server"})
	medium := add(topology.Vertex{Name: "air", Kind: topology.Link, LinkType: topology.Shared, Class: "wlan",
		Shape: [2]topology.Shape{{Rate: 100 * units.Mbps, Delay: time.Millisecond}}})
	line := add(topology.Vertex{Name: "line", Kind: topology.Link, LinkType: topology.Duplex, Class: "dsl",
		Shape: [2]topology.Shape{{Rate: 10 * units.Mbps, Delay: 5 * time.Millisecond},
			{Rate: 50 * units.Mbps, Delay: 5 * time.Millisecond}}})
	gateway := add(topology.Vertex{Name: "gw", Kind: topology.Switch})
	graph.Join(a, medium, 0)
	graph.Join(b, medium, 0)
	graph.Join(medium, gateway, 0)
	graph.Join(gateway, line, 0)
	graph.Join(line, server, 0)
	return graph
}
