package events_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/fabric"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/units"
)

func lookup(t *testing.T, graph *topology.Topology, name string) topology.ID {
	t.Helper()
	id, ok := graph.Lookup(name)
	if !ok {
		t.Fatalf("no vertex %s", name)
	}
	return id
}

func TestOverlay(t *testing.T) {
	graph, list := read(t, `
  - {at: 1s, link: a-s, set: {rate: {up: 500Mbps}, delay: 60ms}}
  - {at: 1s, link: b-s, set: {loss: 1%, delay: 20ms}}
  - {at: 1s, link: up, set: {loss: 1%}}
  - {at: 1s, link: down, set: {queue: 9000B}}
  - {at: 1s, node: s, down}
  - {at: 1s, partition: [a, b]}
`)
	moments, err := events.Compile(graph, list)
	if err != nil || len(moments) != 1 {
		t.Fatalf("%d moments, %v", len(moments), err)
	}
	a, c, up := lookup(t, graph, "a"), lookup(t, graph, "c"), lookup(t, graph, "up")
	base := fabric.Network{Testbed: "x", Seed: 3, Topology: graph, Queues: graph.QueueLimits(), Down: []topology.ID{up},
		Partition: [][]topology.ID{{a, c}}}
	queues := maps.Clone(base.Queues)
	n := moments[0].Overlay(graph).Over(base)
	if n.Topology == graph || graph.Vertices[lookup(t, graph, "a-s")].Shape[0].Delay != time.Millisecond ||
		!maps.Equal(queues, base.Queues) ||
		len(base.Down) != 1 || len(base.Partition) != 1 {
		t.Fatal("the base was changed")
	}
	if n.Testbed != "x" || n.Seed != 3 {
		t.Errorf("lost: %+v", n)
	}
	if want := []topology.ID{up, lookup(t, graph, "s")}; !slices.Equal(n.Down, want) {
		t.Errorf("down: %v, want %v", n.Down, want)
	}
	// {a, c} and the rest, {a, b} and the rest: all four are apart.
	if len(n.Partition) != 3 {
		t.Errorf("partition %v; a, b and c must each be alone", n.Partition)
	}
	derived := n.Topology.QueueLimits()
	for channel, limit := range n.Queues {
		want := queues[channel]
		switch name := graph.Vertices[channel.Link].Name; name {
		case "a-s":
			if want = derived[channel]; channel.Dir == 0 && want == queues[channel] {
				t.Errorf("the queue of %s does not depend on its rate: the test shows nothing", name)
			}
		case "down":
			want = 9000
		}
		if limit != want {
			t.Errorf("the queue of %s/%d holds %v, want %v", graph.Vertices[channel.Link].Name, channel.Dir, limit, want)
		}
	}
	if _, ok := n.Topology.Lookup("a-s"); !ok {
		t.Error("nothing is found in the new topology")
	}
}

// TestOverlayKeepsOtherChanges: what was set on the running testbed stays, of each property that no event changes.
func TestOverlayKeepsOtherChanges(t *testing.T) {
	graph, list := read(t, "\n  - {at: 1s, link: a-s, set: {rate: {up: 1Mbps}}}\n  - {at: 2s, link: a-s, reset}\n")
	moments, err := events.Compile(graph, list)
	if err != nil {
		t.Fatal(err)
	}
	live := *graph
	live.Vertices = slices.Clone(graph.Vertices)
	id := lookup(t, graph, "a-s")
	live.Vertices[id].Shape[0].Loss, live.Vertices[id].Shape[1].Loss = 0.25, 0.5
	base := fabric.Network{Topology: &live, Queues: live.QueueLimits()}
	s := moments[0].Overlay(graph).Over(base).Topology.Vertices[id].Shape
	if s[0].Rate != units.Mbps || s[0].Loss != 0.25 || s[1].Loss != 0.5 {
		t.Errorf("shapes %+v", s)
	}
	if n := moments[1].Overlay(graph).Over(base); n.Topology != base.Topology {
		t.Error("a moment without differences copies the topology")
	}
}

// BenchmarkOverlay is what a moment costs whose link derives its queue, by the number of hosts.
func BenchmarkOverlay(b *testing.B) {
	for name, racks := range map[string]int{"hosts=80": 3, "hosts=480": 23} {
		b.Run(name, func(b *testing.B) {
			parameters := synth.DefaultIIoT()
			parameters.Racks = racks
			graph, err := parameters.Build()
			if err != nil {
				b.Fatal(err)
			}
			rate := units.Mbps
			moments, err := events.Compile(graph, []scenario.Event{{At: at(0), Link: []string{"up_lan_0"},
				Set: &scenario.Properties{Rate: &scenario.Both[units.BitRate]{Up: &rate, Down: &rate}}}})
			if err != nil {
				b.Fatal(err)
			}
			base := fabric.Network{Topology: graph, Queues: graph.QueueLimits()}
			for b.Loop() {
				moments[0].Overlay(graph).Over(base)
			}
		})
	}
}
