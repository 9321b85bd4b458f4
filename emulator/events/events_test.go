package events_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

const network = `name: lab
topology:
  nodes: {a: {}, b: {}, c: {}, s: {kind: switch}}
  links:
    - {endpoints: [a, s], rate: 10Mbps, delay: 1ms}
    - {endpoints: [b, s], rate: 10Mbps, delay: 1ms, queue: 64KiB}
    - {name: up, type: uplink, endpoints: [c, s], rate: 5Mbps, delay: 1ms}
    - {name: down, type: downlink, endpoints: [s, c], rate: 5Mbps, delay: 1ms}
cloud: {at: s}
`

// read gives the topology of the network above and the events of a YAML list.
func read(t *testing.T, list string) (*topology.Topology, []scenario.Event) {
	t.Helper()
	s, err := scenario.Parse([]byte(network+"events:\n"+list), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return graph, s.Events
}

// print renders moments as text, one a line: time, shapes that differ, what is down, partition.
func render(t *topology.Topology, moments []events.Moment) string {
	var b strings.Builder
	for _, m := range moments {
		fmt.Fprintf(&b, "%v", m.At)
		for _, id := range t.Links() {
			for dir := range 2 {
				s, ok := m.Shapes[topology.Channel{Link: id, Dir: dir}]
				if !ok {
					continue
				}
				fmt.Fprintf(&b, " %s/%d=%v,%v", t.Vertices[id].Name, dir, s.Rate, s.Delay)
				if s.Loss > 0 {
					fmt.Fprintf(&b, ",%v", s.Loss)
				}
			}
		}
		for _, id := range m.Down {
			b.WriteString(" -" + t.Vertices[id].Name)
		}
		for _, g := range m.Partition {
			b.WriteString(" (")
			for _, id := range g {
				b.WriteString(t.Vertices[id].Name)
			}
			b.WriteString(")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// compiled are lists of events, and the moments that they make, as render writes them.
var compiled = []struct{ name, list, want string }{
	{"set and reset", `
  - {at: 2s, link: a-s, set: {rate: {up: 1Mbps}}}
  - {at: 1s, link: a-s, set: {delay: 3ms}}
  - {at: 3s, link: a-s, reset}
`, "1s a-s/0=10Mbps,3ms a-s/1=10Mbps,3ms\n2s a-s/0=1Mbps,3ms a-s/1=10Mbps,3ms\n3s\n"},
	{"set merges", `
  - {at: 1s, link: up, set: {loss: 1%}}
  - {at: 2s, link: up, set: {rate: 1Mbps}}
  - {at: 2s, link: up, set: {rate: 2Mbps}}
`, "1s up/0=5Mbps,1ms,0.01\n2s up/0=2Mbps,1ms,0.01\n"},
	{"set to what it is", "\n  - {at: 1s, link: a-s, set: {rate: 10Mbps}}\n", "1s\n"},
	{"window falls away", `
  - {from: 1s, to: 3s, link: a-s, set: {rate: 1Mbps, delay: 9ms}}
  - {at: 2s, link: a-s, set: {rate: 2Mbps}}
`, "1s a-s/0=1Mbps,9ms a-s/1=1Mbps,9ms\n2s a-s/0=2Mbps,9ms a-s/1=2Mbps,9ms\n3s a-s/0=2Mbps,1ms a-s/1=2Mbps,1ms\n"},
	{"reset inside a window", `
  - {from: 1s, to: 3s, link: up, set: {rate: 1Mbps}}
  - {at: 2s, link: up, reset}
`, "1s up/0=1Mbps,1ms\n2s\n3s\n"},
	{"down and up", `
  - {at: 1s, node: [b, s], down}
  - {at: 2s, link: up, down: true}
  - {at: 3s, node: b, up}
  - {at: 3s, node: a, up}
`, "1s -b -s\n2s -b -up -s\n3s -up -s\n"},
	{"up inside a window", `
  - {from: 1s, to: 4s, node: cloud, down}
  - {at: 2s, node: cloud, up}
  - {at: 3s, node: cloud, down}
`, "1s -cloud\n2s\n3s -cloud\n4s -cloud\n"},
	{
		"flap is cut off", "\n  - {from: 1s, to: 4s, link: up, flap: {period: 2s, down: 1500ms}}\n",
		"1s -up\n2.5s\n3s -up\n4s\n",
	},
	{"windows that touch", `
  - {from: 1s, to: 2s, link: up, down}
  - {from: 2s, to: 3s, link: up, down}
`, "1s -up\n2s -up\n3s\n"},
	{"one group", "\n  - {from: 1s, to: 2s, partition: [a, c]}\n", "1s (ac)\n2s\n"},
	{"partitions intersect", `
  - {from: 1s, to: 4s, partition: [[b, a], [c]]}
  - {from: 2s, to: 3s, partition: [a, cloud]}
`, "1s (ab) (c)\n2s (a) (b) (c) (cloud)\n3s (ab) (c)\n4s\n"},
	{"at the start", "\n  - {at: 0s, link: up, down}\n", "0s -up\n"},
}

func TestCompile(t *testing.T) {
	for _, c := range compiled {
		t.Run(c.name, func(t *testing.T) {
			graph, list := read(t, c.list)
			before := fmt.Sprint(graph.Vertices)
			moments, err := events.Compile(graph, list)
			if err != nil {
				t.Fatal(err)
			}
			if got := render(graph, moments); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			for _, m := range moments {
				if len(m.Event) == 0 || m.Event[0] == "" {
					t.Errorf("%v: nothing is said", m.At)
				}
			}
			if fmt.Sprint(graph.Vertices) != before {
				t.Error("the topology was changed")
			}
		})
	}
	if moments, err := events.Compile(topology.New("x"), nil); err != nil || len(moments) != 0 {
		t.Errorf("no events give %v, %v", moments, err)
	}
}

func TestDescriptions(t *testing.T) {
	graph, list := read(t, `
  - {from: 1s, to: 2s, link: [a-s, b-s], set: {rate: 1Mbps, loss: {down: 1%}}}
  - {from: 1s, to: 2s, node: b, flap: {period: 700ms, down: 300ms}}
  - {at: 2s, partition: [[a], [b, c]]}
`)
	moments, err := events.Compile(graph, list)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range moments {
		got = append(got, m.At.String()+": "+strings.Join(m.Event, "; "))
	}
	want := []string{
		"1s: link a-s, b-s set rate=1Mbps loss.down=0.01; node b down (flap)",
		"1.3s: node b up (flap)", "1.7s: node b down (flap)",
		"2s: end of: link a-s, b-s set rate=1Mbps loss.down=0.01; node b up (flap); partition a | b, c",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func at(d time.Duration) *time.Duration { return &d }

func TestImpossibleEvents(t *testing.T) {
	graph, _ := read(t, "\n  - {at: 1s, link: up, down}\n")
	rate := units.Mbps
	for _, c := range []struct {
		name, want string
		event      scenario.Event
	}{
		{"no such link", `events[0]: there is no link "x"`, scenario.Event{At: at(0), Link: []string{"x"}, Down: true}},
		{"node for a link", `there is no link "s"`, scenario.Event{At: at(0), Link: []string{"s"}, Down: true}},
		{"link for a node", `there is no node "up"`, scenario.Event{At: at(0), Node: []string{"up"}, Down: true}},
		{"switch in a partition", `there is no host "s"`, scenario.Event{At: at(0), Partition: [][]string{{"a"}, {"s"}}}},
		{"no action", "no action", scenario.Event{At: at(0), Link: []string{"up"}}},
		{"no subject", "what it happens to", scenario.Event{At: at(0), Down: true}},
		{"rate of a node", "name a link", scenario.Event{At: at(0), Node: []string{"a"}, Set: &scenario.Properties{}}},
		{"ends before it begins", "no later", scenario.Event{From: at(2), To: at(1), Link: []string{"up"}, Down: true}},
		{"direction that is not there", "one queue", scenario.Event{At: at(0), Link: []string{"up"},
			Set: &scenario.Properties{Rate: &scenario.Both[units.BitRate]{Down: &rate}}}},
		{"endless flap", "needs an end", scenario.Event{
			At: at(0), Link: []string{"up"}, Flap: &scenario.Flap{Period: 2, Down: 1},
		}},
		{"always down", "a time to be up", scenario.Event{
			From: at(0), To: at(9), Link: []string{"up"}, Flap: &scenario.Flap{Period: 2, Down: 2},
		}},
		{"too many", "too often", scenario.Event{
			From: at(0), To: at(time.Hour), Link: []string{"up"}, Flap: &scenario.Flap{Period: 2e6, Down: 1e6},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := events.Compile(graph, []scenario.Event{c.event})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if strings.HasPrefix(c.name, "too") != errors.Is(err, events.ErrTooMany) {
				t.Errorf("%v wraps ErrTooMany: %v", err, errors.Is(err, events.ErrTooMany))
			}
		})
	}
}

// TestBounds: what is too much is refused soon, and what is just allowed does not take long.
func TestBounds(t *testing.T) {
	graph := topology.New("star")
	var names []string
	for i := range 3000 {
		name := fmt.Sprint("h", i)
		if _, err := graph.Add(topology.Vertex{Name: name}); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	flap := func(nodes []string) error {
		_, err := events.Compile(graph, []scenario.Event{{From: at(0), To: at(40 * time.Second), Node: nodes,
			Flap: &scenario.Flap{Period: time.Millisecond, Down: time.Millisecond / 2}}})
		return err
	}
	if err := flap(names); !errors.Is(err, events.ErrTooMany) {
		t.Errorf("3000 nodes that flap 40,000 times: %v", err)
	}
	if err := flap(names[:5]); err != nil {
		t.Errorf("five nodes that flap 40,000 times: %v", err)
	}
	// Many changes of one link, none of which ends.
	var list []scenario.Event
	for i := range 10_000 {
		list = append(list, scenario.Event{At: at(time.Duration(i)), Node: names[:1], Down: i%2 == 0, Up: i%2 == 1})
	}
	moments, err := events.Compile(graph, list)
	if err != nil || len(moments) != 10_000 || len(moments[9998].Down) != 1 || len(moments[9999].Down) != 0 {
		t.Errorf("%d moments, %v", len(moments), err)
	}
}
