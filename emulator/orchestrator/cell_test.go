package orchestrator

import (
	"testing"

	"testbed/emulator/topology"
	"testbed/emulator/topology/topologytest"
)

// cell is topologytest.Cell with its stations.
func cell(t *testing.T) (*topology.Topology, []Station) {
	t.Helper()
	graph := topologytest.Cell(t)
	stations, err := Stations(graph)
	if err != nil {
		t.Fatal(err)
	}
	return graph, stations
}
