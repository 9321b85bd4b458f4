package orchestrator

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// cell is two stations on a shared medium behind a switch, and a server on a line of two rates.
func cell(t *testing.T) (*topology.Topology, []Station) {
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
		Shape: [2]topology.Shape{{Rate: 10 * units.Mbps, Delay: 5 * time.Millisecond}, {Rate: 50 * units.Mbps, Delay: 5 * time.Millisecond}}})
	gateway := add(topology.Vertex{Name: "gw", Kind: topology.Switch})
	graph.Join(a, medium, 0)
	graph.Join(b, medium, 0)
	graph.Join(medium, gateway, 0)
	graph.Join(gateway, line, 0)
	graph.Join(line, server, 0)
	stations, err := Stations(graph)
	if err != nil {
		t.Fatal(err)
	}
	return graph, stations
}

func TestProbesCoverEveryQueueOfAClass(t *testing.T) {
	graph, stations := cell(t)
	probes := Probes(graph, stations, 1)
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
	for _, p := range probes[:2] {
		rate := 10e6
		if p.From.Name == "server" {
			rate = 50e6
		}
		if want := rate * 1448 / 1514; math.Abs(p.Goodput-want) > 1 {
			t.Errorf("line from %s: target %.0f, want %.0f", p.From.Name, p.Goodput, want)
		}
	}
}

func TestProbesWithLossHaveNoRateTarget(t *testing.T) {
	graph, stations := cell(t)
	id, _ := graph.Lookup("air")
	graph.Vertices[id].Shape[0].Loss = 0.01
	for _, p := range Probes(graph, stations, 1) {
		if p.Goodput != 0 || !p.Loss {
			t.Errorf("%s: target %v over a link that loses packets", p.Link, p.Goodput)
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
		if f := judgeRTT(p, c.samples, DefaultTolerance); f.OK != c.ok {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
	for rate, ok := range map[float64]bool{1e7: true, 0.981e7: true, 0.979e7: false, 1.021e7: false} {
		if f := judgeRate(p, rate, DefaultTolerance); f.OK != ok {
			t.Errorf("rate %v: %+v", rate, f)
		}
	}
}
