package events_test

import (
	"strings"
	"testing"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

const cells = `name: cells
topology:
  nodes:
    {phone: {}, tablet: {}, edge: {}, server: {}, west: {kind: switch}, east: {kind: switch}, core: {kind: exchange}}
  links:
    - {name: radio, endpoints: [phone, west], rate: 10Mbps, delay: 10ms}
    - {name: lan, endpoints: [edge, east], rate: 1Gbps}
    - {name: wifi, type: shared, endpoints: [tablet, east], rate: 54Mbps}
    - {name: home, type: shared, endpoints: [west, server], rate: 54Mbps}
    - {endpoints: [west, core], delay: 4ms}
    - {endpoints: [east, core], delay: 4ms}
cloud: {}
`

func inCells(t *testing.T, list string) (*topology.Topology, []events.Moment, error) {
	t.Helper()
	s, err := scenario.Parse([]byte(cells+"events:\n"+list), "f", builtin.Catalogue())
	if err != nil {
		return nil, nil, err
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	moments, err := events.Compile(graph, s.Events)
	return graph, moments, err
}

// way names the vertices from one to another.
func way(t *testing.T, graph *topology.Topology, from, to string) string {
	t.Helper()
	a, _ := graph.Lookup(from)
	b, _ := graph.Lookup(to)
	var names []string
	for _, id := range graph.TreeTo(b).Vertices(nil, a) {
		names = append(names, graph.Vertices[id].Name)
	}
	return strings.Join(names, " ")
}

// TestHostsMove: a host leaves its switch, or its medium, with its link, is cut off meanwhile, and comes back.
func TestHostsMove(t *testing.T) {
	graph, moments, err := inCells(t, `
  - {at: 1s, attach: {host: phone, to: east, outage: 50ms}}
  - {at: 2s, attach: {host: tablet, to: home}}
  - {at: 3s, attach: {host: phone, to: west}}
`)
	if err != nil {
		t.Fatal(err)
	}
	base := fabric.Network{Topology: graph, Queues: graph.QueueLimits()}
	for i, want := range []struct {
		at            time.Duration
		down          int
		phone, tablet string
	}{
		{time.Second, 1, "phone radio east lan edge", "tablet wifi east lan edge"},
		{1050 * time.Millisecond, 0, "phone radio east lan edge", "tablet wifi east lan edge"},
		{2 * time.Second, 0, "phone radio east lan edge", "tablet home west west-core core east-core east lan edge"},
		{3 * time.Second, 0, "phone radio west west-core core east-core east lan edge",
			"tablet home west west-core core east-core east lan edge"},
	} {
		if i >= len(moments) {
			t.Fatalf("%d moments", len(moments))
		}
		m := moments[i]
		now := m.Overlay(graph).Over(base)
		if m.At != want.at || len(now.Down) != want.down || way(t, now.Topology, "phone", "edge") != want.phone ||
			way(t, now.Topology, "tablet", "edge") != want.tablet {
			t.Errorf("at %v: %d down, %q, %q", m.At, len(now.Down), way(t, now.Topology, "phone", "edge"),
				way(t, now.Topology, "tablet", "edge"))
		}
		if back := way(t, now.Topology, "edge", "phone"); strings.Count(back, " ") != strings.Count(want.phone, " ") {
			t.Errorf("at %v the way back is %q", m.At, back)
		}
	}
	if got := strings.Join(moments[0].Event, "; "); got != "host phone attached to east; radio down while phone moves" {
		t.Errorf("the first moment says %q", got)
	}
	if got := way(t, graph, "phone", "edge"); !strings.HasPrefix(got, "phone radio west") {
		t.Errorf("the scenario's network has changed: %s", got)
	}
	if (fabric.Overlay{Moves: []fabric.Move{{At: 1}}}).IsZero() {
		t.Error("an overlay with moves is said to change nothing")
	}
}

func TestMovesThatCannotBe(t *testing.T) {
	for list, want := range map[string]string{
		"{at: 1s, attach: {host: phon, to: east}}":               `there is no host "phon"`,
		"{at: 1s, attach: {host: phone, to: server}}":            `there is no switch, exchange or shared medium "server"`,
		"{at: 1s, attach: {host: phone, to: lan}}":               `there is no switch, exchange or shared medium "lan"`,
		"{at: 1s, attach: {host: phone, to: east, link: nope}}":  `there is no link "nope"`,
		"{at: 1s, attach: {host: phone, to: east, link: wifi}}":  `not attached by a link "wifi"`,
		"{at: 1s, attach: {host: phone}}":                        `"to" is missing`,
		"{at: 1s, node: phone, attach: {host: phone, to: east}}": "it happens to no other link or node",
		"{from: 1s, to: 2s, attach: {host: phone, to: east}}":    "it has no meaning without at",
		"{at: 1s, attach: {host: server, to: home}}":             "",
	} {
		_, _, err := inCells(t, "  - "+list+"\n")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
}
