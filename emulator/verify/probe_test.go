package verify

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
	"testbed/emulator/topology/topologytest"
	"testbed/emulator/units"
)

// cell is topologytest.Cell with its stations.
func cell(t *testing.T) fabric.Network {
	t.Helper()
	return withStations(t, topologytest.Cell(t))
}

// withStations is the network of a topology, with stations that nobody runs.
func withStations(t *testing.T, graph *topology.Topology) fabric.Network {
	t.Helper()
	stations, err := orchestrator.Stations(graph)
	if err != nil {
		t.Fatal(err)
	}
	n := fabric.Network{Testbed: graph.Name, Topology: graph, Queues: graph.QueueLimits(), Seed: 1}
	for _, s := range stations {
		n.Stations = append(n.Stations, fabric.Station{ID: s.ID, Addr: netip.PrefixFrom(s.Addr, 16)})
	}
	return n
}

// at is the place of what has that name.
func at(t *testing.T, n fabric.Network, name string) topology.ID {
	t.Helper()
	id, ok := n.Topology.Lookup(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	return id
}

func TestProbesCoverEveryQueueOfAClass(t *testing.T) {
	probes := Probes(cell(t), 1)
	if len(probes) != 3 {
		t.Fatalf("%d probes, want 3: the line's two queues and the medium's one: %+v", len(probes), probes)
	}
	// The medium is the tightest between its own stations; one echo crosses it twice.
	air := probes[2]
	if air.Link != "air" || air.From.Name == "server" || air.To.Name == "server" {
		t.Fatalf("the medium is measured by %s to %s", air.From.Name, air.To.Name)
	}
	wantRTT := 2*time.Millisecond + 2*(100*units.Mbps).Serialization(pingFrame)
	if air.RTT != wantRTT {
		t.Errorf("target of the round trip is %v, want %v", air.RTT, wantRTT)
	}
	// Acknowledgements share the medium: one of 66 B for two segments of 1514 B.
	wantRate := 100e6 * 1448 / (1514 + 33)
	if math.Abs(air.Goodput-wantRate) > 1 {
		t.Errorf("target of the rate is %.0f, want %.0f", air.Goodput, wantRate)
	}
	// A host that takes in many segments at once acknowledges less often.
	most := 100e6 * 1448 / 1514
	if math.Abs(air.Most-most) > 1 {
		t.Errorf("the most that the medium lets through is %.0f, want %.0f", air.Most, most)
	}
	for rate, ok := range map[float64]bool{0.979 * wantRate: false, wantRate: true, most: true, 1.021 * most: false} {
		if f := judgeRate(air, rate, DefaultTolerance); f.OK != ok {
			t.Errorf("%.0f across the medium: %+v", rate, f)
		}
	}
	for _, p := range probes[:2] {
		rate := 10e6
		if p.From.Name == "server" {
			rate = 50e6
		}
		if want := rate * 1448 / 1514; math.Abs(p.Goodput-want) > 1 {
			t.Errorf("line from %s: target %.0f, want %.0f", p.From.Name, p.Goodput, want)
		} else if p.Most != p.Goodput {
			t.Errorf("line from %s: acknowledgements have it to themselves, but the most is %.0f", p.From.Name, p.Most)
		}
	}
}

// A class never vanishes: what carries nothing is named, with the reason.
func TestProbesNameWhatCarriesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(n *fabric.Network)
		dead  []string
		want  map[string]string // link: why
	}{
		"a link is down": {func(n *fabric.Network) { n.Down = append(n.Down, at(t, *n, "line")) }, nil,
			map[string]string{"line": "the link is down"}},
		"a switch is down": {func(n *fabric.Network) { n.Down = append(n.Down, at(t, *n, "gw")) }, nil,
			map[string]string{"line": "cut off: gw is down"}},
		"a host is down": {func(n *fabric.Network) { n.Down = append(n.Down, at(t, *n, "server")) }, nil,
			map[string]string{"line": "cut off: server is down"}},
		"a node is dead": {func(*fabric.Network) {}, []string{"server"},
			map[string]string{"line": "cut off: server is not running"}},
		"a partition": {func(n *fabric.Network) { n.Partition = [][]topology.ID{{at(t, *n, "server")}} }, nil,
			map[string]string{"line": "cut off by the partition"}},
		"all hosts apart": {func(n *fabric.Network) {
			n.Partition = [][]topology.ID{{at(t, *n, "server")}, {at(t, *n, "a")}, {at(t, *n, "b")}}
		}, nil, map[string]string{"line": "cut off by the partition", "air": "cut off by the partition"}},
		"on nobody's way": {func(n *fabric.Network) {
			id, err := n.Topology.Add(topology.Vertex{Name: "spare", Kind: topology.Link, Class: "spare"})
			if err != nil {
				t.Fatal(err)
			}
			n.Topology.Join(id, at(t, *n, "gw"), 0)
		}, nil, map[string]string{"spare": "on no host's shortest path to another"}},
	} {
		n := cell(t)
		c.alter(&n)
		got, measured := map[string]string{}, map[string]bool{}
		for _, p := range Probes(n, 1, c.dead...) {
			if p.Skip != "" {
				got[p.Link] = p.Skip
			} else {
				measured[p.Link] = true
			}
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for _, link := range []string{"air", "line"} {
			if measured[link] == (c.want[link] != "") {
				t.Errorf("%s: %s measured: %v", name, link, measured[link])
			}
		}
	}
}

// Links of one class that carry packets are measured though others of it are down, and those are named at once.
func TestProbesGoRoundLinksThatAreDown(t *testing.T) {
	n := star(t, 6)
	n.Down = []topology.ID{at(t, n, "l0"), at(t, n, "l2")}
	probes := Probes(n, 2)
	if len(probes) != 5 || probes[4].Link != "l0, l2" || probes[4].Skip != "the link is down" {
		t.Fatalf("%+v", probes)
	}
	for _, p := range probes[:4] {
		if p.Skip != "" || p.Link == "l0" || p.Link == "l2" || p.To.Name == "h0" || p.From.Name == "h2" {
			t.Errorf("%+v", p)
		}
	}
}

// More stations than pairs are made of: the class of one link at a station in between is measured all the same.
func TestProbesFindTheOneLinkOfItsClassAmongMany(t *testing.T) {
	n := star(t, 400)
	for i := range 400 {
		n.Topology.Vertices[at(t, n, fmt.Sprintf("l%d", i))].Class = fmt.Sprintf("class%03d", i)
	}
	for _, p := range Probes(n, 1) {
		if p.Skip != "" {
			t.Fatalf("%+v", p)
		}
	}
	if got := len(Probes(n, 1)); got != 800 {
		t.Errorf("%d probes, want one for each of 800 queues", got)
	}
}

// star is so many hosts, h0 and on, each on a link of 10 Mb/s to one switch: l0 and on.
func star(t *testing.T, hosts int) fabric.Network {
	t.Helper()
	graph := topology.New("star")
	add := func(v topology.Vertex) topology.ID {
		id, err := graph.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	shape := topology.Shape{Rate: 10 * units.Mbps, Delay: 5 * time.Millisecond}
	sw := add(topology.Vertex{Name: "sw", Kind: topology.Switch})
	for i := range hosts {
		link := add(topology.Vertex{Name: fmt.Sprintf("l%d", i), Kind: topology.Link, Shape: [2]topology.Shape{shape, shape}})
		graph.Join(add(topology.Vertex{Name: fmt.Sprintf("h%d", i)}), link, 0)
		graph.Join(link, sw, 0)
	}
	n := withStations(t, graph)
	n.Queues = nil // as long as it takes
	return n
}

// What is done to packets on purpose leaves a bound, or a reason why there is none; never silence.
func TestProbesOfLinksThatSpoilPackets(t *testing.T) {
	for name, c := range map[string]struct {
		shape         topology.Shape
		noRTT, noRate string
		bounded       bool
	}{
		"nothing":       {topology.Shape{Rate: 10 * units.Mbps}, "", "", false},
		"loss":          {topology.Shape{Rate: 10 * units.Mbps, Loss: 0.01}, "", "", true},
		"loss, no rate": {topology.Shape{Delay: time.Millisecond, Loss: 0.01}, "", "", true},
		"much loss":     {topology.Shape{Rate: 10 * units.Mbps, Loss: 0.2}, "", "5 %", true},
		"all lost":      {topology.Shape{Rate: 10 * units.Mbps, Loss: 1}, "all packets are lost", "5 %", true},
		"corrupt":       {topology.Shape{Rate: 10 * units.Mbps, Corrupt: 0.01}, "", "", true},
		"duplicate":     {topology.Shape{Rate: 10 * units.Mbps, Duplicate: 0.01}, "", "duplicated", false},
		"reorder":       {topology.Shape{Rate: 10 * units.Mbps, Reorder: 0.01}, "", "overtake", false},
		"much reorder":  {topology.Shape{Rate: 10 * units.Mbps, Reorder: 0.5}, "overtake", "overtake", false},
		"unlimited":     {topology.Shape{Delay: time.Millisecond}, "", "nothing on the way limits", false},
	} {
		n := star(t, 2)
		for _, link := range []string{"l0", "l1"} {
			n.Topology.Vertices[at(t, n, link)].Shape = [2]topology.Shape{c.shape, {Rate: c.shape.Rate}}
		}
		for _, p := range Probes(n, 1) {
			fits := func(got, want string) bool { return (got == "") == (want == "") && strings.Contains(got, want) }
			if !fits(p.NoRTT, c.noRTT) || !fits(p.NoRate, c.noRate) || p.Bounded() != c.bounded {
				t.Errorf("%s: round trip %q, rate %q, bounded %v", name, p.NoRTT, p.NoRate, p.Bounded())
			}
		}
	}
}

func TestJudgement(t *testing.T) {
	p := Probe{RTT: 10 * time.Millisecond, Goodput: 1e7}
	near := func(n int, d time.Duration) []time.Duration {
		out := make([]time.Duration, n)
		for i := range out {
			out[i] = p.RTT + d
		}
		return out
	}
	for _, c := range []struct {
		name    string
		samples []time.Duration
		ok      bool
	}{
		{"exact", near(100, 0), true},
		{"median off", near(100, 101*time.Microsecond), false},
		{"early is off as well", near(100, -101*time.Microsecond), false},
		{"tail off", append(near(98, 0), near(2, 2*time.Millisecond)...), false},
		{"one outlier in 200", append(near(199, 0), near(1, time.Second)...), true},
		{"no answer", nil, false},
	} {
		if f := judgeRTT(p, c.samples, len(c.samples), DefaultTolerance); f.OK != c.ok {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
	for rate, ok := range map[float64]bool{1e7: true, 0.981e7: true, 0.979e7: false, 1.021e7: false} {
		if f := judgeRate(p, rate, DefaultTolerance); f.OK != ok {
			t.Errorf("rate %v: %+v", rate, f)
		}
	}
}
