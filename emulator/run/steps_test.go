package run

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// TestTracesAreStepped: a fabric that knows nothing of traces gets, slice by slice, what they carry on average, beside
// what events change, each of which it gets once, also where slices are left out.
func TestTracesAreStepped(t *testing.T) {
	graph := topology.New("t")
	var ids [4]topology.ID
	for i, v := range []topology.Vertex{{Name: "a"}, {Name: "b"}, {Name: "line", Kind: topology.Link},
		{Name: "other", Kind: topology.Link}} {
		id, err := graph.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	for _, link := range ids[2:] {
		graph.Join(link, ids[0], 0)
		graph.Join(link, ids[1], 0)
	}
	if newStepper(graph, graph, nil) != nil {
		t.Error("there is something to play where no link follows a trace")
	}
	const rows = "time,rate,delay\n0,8Mbps,10ms\n0.15,2Mbps,30ms\n0.3,0bps,5ms\n1,0bps,5ms\n"
	trace, err := linktrace.Parse("t", []byte(rows), linktrace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	line, other := topology.Channel{Link: ids[2]}, topology.Channel{Link: ids[3]}
	if err := graph.Follow(line, trace); err != nil {
		t.Fatal(err)
	}
	slow := topology.Shape{Rate: 3 * units.Mbps}
	s := newStepper(graph, graph, []events.Moment{
		{At: 50 * time.Millisecond, Event: []string{"one"}, Shapes: map[topology.Channel]topology.Shape{other: slow}},
		{At: 200 * time.Millisecond, Event: []string{"two"}, Shapes: map[topology.Channel]topology.Shape{line: slow}},
		{At: 450 * time.Millisecond, Event: []string{"three"}},
	})
	got := ""
	base := fabric.Network{Topology: graph, Queues: graph.QueueLimits()}
	for _, part := range [][2]time.Duration{{0, 400}, {700, 800}} {
		for _, m := range s.until(part[0]*time.Millisecond, part[1]*time.Millisecond) {
			now := m.Overlay.Over(base)
			shape := now.Topology.Vertices[line.Link].Shape[0]
			got += fmt.Sprintln(m.At, m.What, shape.Rate, shape.Delay, now.Topology.Vertices[other.Link].Shape[0].Rate)
			if now.Queues[line] != base.Queues[line] && shape.Trace != 0 {
				t.Errorf("at %v the queue has room for %d bytes, not %d", m.At, now.Queues[line], base.Queues[line])
			}
		}
	}
	const want = `0s [] 8Mbps 10ms 0bps
50ms [one] 8Mbps 10ms 3Mbps
100ms [] 5Mbps 30ms 3Mbps
200ms [two] 3Mbps 0s 0bps
300ms [] 3Mbps 0s 0bps
450ms [three] 8kbps 5ms 0bps
700ms [] 8kbps 5ms 0bps
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestALinkThatFollowsNoTraceAnyMore is left alone: somebody gave it a rate before the run. What else he changed of one
// that does stays.
func TestALinkThatFollowsNoTraceAnyMore(t *testing.T) {
	declared := topology.New("t")
	link, err := declared.Add(topology.Vertex{Name: "line", Kind: topology.Link, LinkType: topology.Duplex})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		host, err := declared.Add(topology.Vertex{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		declared.Join(link, host, 0)
	}
	trace, err := linktrace.Parse("t", []byte("time,rate\n0,8Mbps\n0.5,2Mbps\n1,2Mbps\n"), linktrace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range 2 {
		if err := declared.Follow(topology.Channel{Link: link, Dir: dir}, trace); err != nil {
			t.Fatal(err)
		}
	}
	found := *declared
	found.Vertices = slices.Clone(declared.Vertices)
	shape := &found.Vertices[link].Shape
	shape[0] = topology.Shape{Rate: units.Gbps}
	shape[1].Loss = 0.25
	base := fabric.Network{Topology: &found, Queues: found.QueueLimits()}
	for _, m := range newStepper(&found, declared, nil).until(0, time.Second) {
		now := m.Overlay.Over(base).Topology.Vertices[link].Shape
		want := 8 * units.Mbps
		if m.At >= 500*time.Millisecond {
			want = 2 * units.Mbps
		}
		if now[0].Rate != units.Gbps || now[1].Rate != want || now[1].Loss != 0.25 {
			t.Errorf("at %v: %+v", m.At, now)
		}
	}
}
