package emulator

import (
	"net/netip"
	"slices"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// In a filter a node's name stands for all of its addresses, also those that the scenario gives it beside its own.
func TestANodesNameStandsForAllItsAddresses(t *testing.T) {
	n := fabric.Network{Topology: &topology.Topology{Vertices: []topology.Vertex{
		{Name: "a", Kind: topology.Host}, {Name: "r", Kind: topology.Host}}},
		Stations: []fabric.Station{{ID: 0, Addr: netip.MustParsePrefix("10.64.0.1/16")},
			{ID: 1, Addr: netip.MustParsePrefix("10.64.0.2/16"), Addresses: []netip.Prefix{
				netip.MustParsePrefix("10.9.0.1/24"), netip.MustParsePrefix("fd00:9::1/64")}}}}
	want := []netip.Addr{netip.MustParseAddr("10.64.0.2"), fabric.Addr6(n.Stations[1].Addr).Addr(),
		netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("fd00:9::1")}
	if got := addressesIn(n, "r"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := addressesIn(n, "nobody"); len(got) != 0 {
		t.Errorf("nobody has %v", got)
	}
}
