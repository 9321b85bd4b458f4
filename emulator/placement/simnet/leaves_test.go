package simnet

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/units"
)

// Paths shared by the hosts of a group are those that a search from each host by itself finds.
func TestSharedPathsEqualExactOnes(t *testing.T) {
	seed := testenv.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	var topologies []*topology.Topology
	for range 40 {
		topologies = append(topologies, tangle(t, random))
	}
	for _, build := range []func() (*topology.Topology, error){
		synth.DefaultIIoT().Build, synth.DefaultUrbanSensing().Build,
	} {
		topo, err := build()
		if err != nil {
			t.Fatal(err)
		}
		topologies = append(topologies, topo)
	}
	shared, tied := 0, 0
	for i, topo := range topologies {
		n := New(topo)
		for d := range n.hosts {
			want := n.exactly(int32(d))
			for s := range n.hosts {
				if got := n.class(int32(s), int32(d)); got != want[s] {
					t.Fatalf("seed %d, topology %d, %s to %s: %v, want %v", seed, i, topo.Vertices[n.hosts[s]].Name,
						topo.Vertices[n.hosts[d]].Name, n.Rates(got), n.Rates(want[s]))
				}
			}
			if n.shared[n.groupOf[d]].Load().tied {
				tied++
			} else {
				shared++
			}
		}
	}
	if shared < 100 || tied < 100 {
		t.Errorf("%d destinations shared, %d with ties: the test does not cover both", shared, tied)
	}
}

// tangle is a random network of switches, media and directed links with leaves, among them twins, hosts
// with two links, and hosts straight at a switch.
func tangle(t *testing.T, random *rand.Rand) *topology.Topology {
	t.Helper()
	topo := topology.New("tangle")
	add := func(v topology.Vertex) topology.ID {
		v.Name = fmt.Sprint("v", len(topo.Vertices))
		id, err := topo.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	rates := []units.BitRate{0, 10, 20, 1000, units.BitRate(1 + random.IntN(1000))}
	shape := func() topology.Shape { return topology.Shape{Rate: rates[random.IntN(len(rates))] * units.Mbps} }
	var hubs []topology.ID
	for i := range 6 {
		v := topology.Vertex{Kind: topology.Switch}
		if i%3 == 2 {
			v = topology.Vertex{Kind: topology.Link, LinkType: topology.Shared, Shape: [2]topology.Shape{shape()}}
		}
		hubs = append(hubs, add(v))
	}
	for i, hub := range hubs[1:] {
		l := add(topology.Vertex{Kind: topology.Link, LinkType: topology.Duplex, Shape: [2]topology.Shape{shape(), shape()}})
		topo.Join(l, hubs[random.IntN(i+1)], 0)
		topo.Join(l, hub, 0)
	}
	for range random.IntN(6) {
		l := add(topology.Vertex{Kind: topology.Link, LinkType: topology.Uplink, Shape: [2]topology.Shape{shape()}})
		topo.Connect(hubs[random.IntN(6)], l, 0)
		topo.Connect(l, hubs[random.IntN(6)], 0)
	}
	for i := range 12 {
		h := add(topology.Vertex{})
		if i%6 == 5 {
			topo.Join(h, hubs[random.IntN(6)], 0)
			continue
		}
		for range 1 + i%6/4 {
			l := add(topology.Vertex{Kind: topology.Link, LinkType: topology.Duplex, Shape: [2]topology.Shape{shape(), shape()}})
			topo.Join(h, l, 0)
			topo.Join(l, hubs[random.IntN(6)], 0)
		}
	}
	return topo
}
