package machines_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/topology"
	"testbed/emulator/topology/topologytest"
)

// two puts the server of topologytest.Cell on a machine of its own.
func two() *machines.Partition {
	return &machines.Partition{
		Machines: []machines.Machine{{ID: "m", Name: "m"}, {ID: "n", Name: "n"}},
		Of:       map[string]int{"a": 0, "b": 0, "gw": 0, "server": 1}, Floor: time.Millisecond,
	}
}

func TestOwnersAndCrossings(t *testing.T) {
	graph, p := topologytest.Cell(t), two()
	if err := p.Validate(graph); err != nil {
		t.Fatal(err)
	}
	o, err := p.Owners(graph)
	if err != nil {
		t.Fatal(err)
	}
	line, _ := graph.Lookup("line")
	if a, b := o.Queue(topology.Channel{Link: line}), o.Queue(topology.Channel{Link: line, Dir: 1}); a != 0 || b != 1 {
		t.Errorf("the line's queues are owned by %d and %d, not by those that send into them", a, b)
	}
	got := o.Crossings(graph)
	if len(got) != 2 {
		t.Fatalf("%d crossings, not one in each direction: %+v", len(got), got)
	}
	want := machines.Crossing{Link: "line", From: "gw", To: "server", ToMachine: 1, Delay: 5 * time.Millisecond, Rate: 1e7}
	if got[0] != want {
		t.Errorf("%+v instead of %+v", got[0], want)
	}
	want = machines.Crossing{Link: "line", Dir: 1, From: "server", To: "gw", FromMachine: 1, Delay: 5 * time.Millisecond,
		Rate: 5e7}
	if got[1] != want {
		t.Errorf("%+v instead of %+v", got[1], want)
	}
	if all, err := machines.Single(graph, p.Machines[0]).Owners(graph); err != nil || len(all.Crossings(graph)) != 0 {
		t.Errorf("on one machine something crosses, or %v", err)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*machines.Partition, *topology.Topology)
		want   string
	}{
		"no machine":   {func(p *machines.Partition, _ *topology.Topology) { delete(p.Of, "b") }, "b has no machine"},
		"out of range": {func(p *machines.Partition, _ *topology.Topology) { p.Of["b"] = 2 }, "b has no machine"},
		"split medium": {func(p *machines.Partition, _ *topology.Topology) { p.Of["b"] = 1 }, "different machines"},
		"floor": {func(p *machines.Partition, _ *topology.Topology) { p.Floor = 6 * time.Millisecond },
			"from gw to server cross from machine m to n after 5ms at least, less than the 6ms"},
		"measured floor": {func(p *machines.Partition, _ *topology.Topology) {
			p.Pairs = []machines.Floor{{A: 1, B: 0, Delay: 7 * time.Millisecond}}
		}, "less than the 7ms"},
		"pair": {func(p *machines.Partition, _ *topology.Topology) { p.Pairs = []machines.Floor{{A: 1, B: 2}} }, "of 2"},
		"jitter": {func(_ *machines.Partition, t *topology.Topology) { shape(t).Jitter = 4500 * time.Microsecond },
			"after 500µs at least"},
		"reordering": {func(_ *machines.Partition, t *topology.Topology) { shape(t).Reorder = 0.01 }, "after 0s at least"},
	} {
		graph, p := topologytest.Cell(t), two()
		c.change(p, graph)
		if err := p.Validate(graph); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, which does not say %q", name, err, c.want)
		}
	}
	p := two()
	p.Floor = time.Second
	var below *machines.BelowFloorError
	if err := p.Validate(topologytest.Cell(t)); !errors.As(err, &below) || below.Link != "line" {
		t.Errorf("%v names no crossing", err)
	}
}

// shape is the line's first.
func shape(t *topology.Topology) *topology.Shape {
	line, _ := t.Lookup("line")
	return &t.Vertices[line].Shape[0]
}

// TestQueuesBehindLinks: where links follow one another (ether's backhaul of a medium), a queue is where the one
// before it is, and a packet crosses where it has the delay for it.
func TestQueuesBehindLinks(t *testing.T) {
	graph := topology.New("backhaul")
	add := func(v topology.Vertex) topology.ID {
		id, err := graph.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	delay := func(d time.Duration) [2]topology.Shape { return [2]topology.Shape{{Delay: d}} }
	phone, exchange := add(topology.Vertex{Name: "phone"}), add(topology.Vertex{Name: "exchange", Kind: topology.Exchange})
	air := add(topology.Vertex{Name: "air", Kind: topology.Link, LinkType: topology.Shared})
	up := add(topology.Vertex{Name: "up", Kind: topology.Link, LinkType: topology.Uplink,
		Shape: delay(13 * time.Millisecond)})
	down := add(topology.Vertex{Name: "down", Kind: topology.Link, LinkType: topology.Downlink,
		Shape: delay(3 * time.Millisecond)})
	graph.Join(phone, air, 0)
	graph.Connect(air, up, time.Millisecond)
	graph.Connect(up, exchange, 2*time.Millisecond)
	graph.Connect(exchange, down, 0)
	graph.Connect(down, air, 0)
	p := &machines.Partition{Machines: []machines.Machine{{ID: "m"}, {ID: "n"}},
		Of: map[string]int{"phone": 0, "exchange": 1}}
	o, err := p.Owners(graph)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := o.Queue(topology.Channel{Link: up}), o.Queue(topology.Channel{Link: down}); a != 0 || b != 1 {
		t.Errorf("the queues are owned by %d and %d", a, b)
	}
	got := o.Crossings(graph)
	if len(got) != 2 || got[0].Link != "up" || got[0].Delay != 16*time.Millisecond || got[1].Link != "down" ||
		got[1].Delay != 3*time.Millisecond || got[1].To != "air" {
		t.Errorf("%+v", got)
	}
}
