package scenario_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func build(t *testing.T, file string) (*scenario.Scenario, *topology.Topology) {
	t.Helper()
	s, err := scenario.Parse([]byte(file), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	network, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return s, network
}

func vertex(t *testing.T, network *topology.Topology, name string) topology.Vertex {
	t.Helper()
	id, ok := network.Lookup(name)
	if !ok {
		t.Fatalf("no vertex %s", name)
	}
	return network.Vertices[id]
}

// TestWrittenOut holds the direction of every property against the path that a packet takes.
func TestWrittenOut(t *testing.T) {
	_, network := build(t, `name: lab
topology:
  nodes: {a: {class: pi, cpu: 0.5}, b: {memory: 2GiB, model: nuc}, s: {kind: switch}, x: {kind: exchange}}
  links:
    - {endpoints: [a, s], rate: {up: 1Mbps, down: 2Mbps}, delay: {up: 3ms, down: 4ms}, loss: {down: 1%}}
    - {name: up, type: uplink, endpoints: [s, x], rate: 5Mbps, delay: 1ms}
    - {name: down, type: downlink, endpoints: [x, s], rate: {down: 6Mbps}, delay: 1ms}
    - {name: air, type: shared, class: wlan, endpoints: [x, b], rtt: 20ms}
classes: {wlan: {rate: 7Mbps, delay: 99ms, queue: 64KiB}, cloud: {jitter: 2ms}}
overrides: {a-s: {rate: {up: 10Mbps}}, cloud_up: {loss: 2%}}
cloud: {at: x, rtt: 60ms, rate: {up: 8Mbps, down: 9Mbps}}
`)
	names := make([]string, len(network.Vertices))
	for i, v := range network.Vertices {
		names[i] = v.Name
	}
	const want = "a b a-s up down air s x cloud cloud_up cloud_down"
	if got := strings.Join(names, " "); got != want || network.EdgeNetwork != 8 {
		t.Errorf("vertices %s (%d of the edge), want %s (8)", got, network.EdgeNetwork, want)
	}
	a, b := vertex(t, network, "a"), vertex(t, network, "b")
	if a.CPU != 500 || a.Model != "pi" || b.Memory != 2*units.GiB || b.CPU != 1000 || b.Model != "nuc" {
		t.Errorf("hosts %+v %+v", a, b)
	}
	for _, c := range []struct {
		from, to string
		shapes   []topology.Shape
	}{
		{"a", "b", []topology.Shape{
			{Rate: 10 * units.Mbps, Delay: 3 * time.Millisecond}, {Rate: 5 * units.Mbps, Delay: time.Millisecond},
			{Rate: 7 * units.Mbps, Delay: 10 * time.Millisecond, Queue: 64 * units.KiB}}},
		{"b", "a", []topology.Shape{
			{Rate: 7 * units.Mbps, Delay: 10 * time.Millisecond, Queue: 64 * units.KiB}, {Rate: 6 * units.Mbps,
				Delay: time.Millisecond},
			{Rate: 2 * units.Mbps, Delay: 4 * time.Millisecond, Loss: 0.01}}},
		{"b", "cloud", []topology.Shape{
			{Rate: 7 * units.Mbps, Delay: 10 * time.Millisecond, Queue: 64 * units.KiB},
			{Rate: 8 * units.Mbps, Delay: 30 * time.Millisecond, Jitter: 2 * time.Millisecond, Loss: 0.02}}},
		{"cloud", "b", []topology.Shape{
			{Rate: 9 * units.Mbps, Delay: 30 * time.Millisecond, Jitter: 2 * time.Millisecond},
			{Rate: 7 * units.Mbps, Delay: 10 * time.Millisecond, Queue: 64 * units.KiB}}},
	} {
		from, _ := network.Lookup(c.from)
		to, _ := network.Lookup(c.to)
		hops, _ := network.TreeTo(to).Hops(nil, from)
		if len(hops) != len(c.shapes) {
			t.Fatalf("%s to %s: %d hops, want %d", c.from, c.to, len(hops), len(c.shapes))
		}
		for i, h := range hops {
			if got := network.Vertices[h.Link].Shape[h.Dir]; got != c.shapes[i] {
				t.Errorf("%s to %s, hop %d (%s): %+v, want %+v", c.from, c.to, i, network.Vertices[h.Link].Name, got, c.shapes[i])
			}
		}
	}
}

func TestSynthesized(t *testing.T) {
	_, network := build(t, `name: x
topology: {synth: {kind: iiot, premises: 2, pis: 1, racks: 0, isp-rate: {up: 10Mbps}}, latencies: none}
classes: {business-isp: {delay: 5ms, rate: {down: 100Mbps}}}
overrides: {up_lan_0: {rate: 1Mbps}}
`)
	for _, id := range network.Links() {
		v := network.Vertices[id]
		for _, e := range network.Adjacency[id] {
			if e.Delay != 0 {
				t.Errorf("%s: an edge has the delay %v with latencies: none", v.Name, e.Delay)
			}
		}
		if v.Class != "business-isp" {
			continue
		}
		want := map[topology.LinkType]units.BitRate{
			topology.Uplink: 10 * units.Mbps, topology.Downlink: 100 * units.Mbps,
		}[v.LinkType]
		if v.Name == "up_lan_0" {
			want = units.Mbps
		}
		if v.Shape[0].Rate != want || v.Shape[0].Delay != 5*time.Millisecond {
			t.Errorf("%s: %+v, want %v and 5ms", v.Name, v.Shape[0], want)
		}
	}
	if n := len(network.Hosts()); n != 6 {
		t.Errorf("%d hosts, want 2 premises with 1 Pi, 1 NUC and 1 TX2", n)
	}
	if _, there := network.Cloud(); there {
		t.Error("there is a cloud without a section cloud")
	}
}

func TestLatenciesFollowTheSeed(t *testing.T) {
	delays := func(file string) (sum time.Duration) {
		_, network := build(t, "name: x\ntopology: {synth: iiot"+file)
		for _, edges := range network.Adjacency {
			for _, e := range edges {
				sum += e.Delay
			}
		}
		return sum
	}
	if a, b := delays("}\nseed: 4\n"), delays(", latencies: {seed: 4}}\nseed: 9\n"); a != b || a == 0 {
		t.Errorf("the same seed gives %v and %v", a, b)
	}
	if a, b := delays("}\nseed: 4\n"), delays("}\nseed: 5\n"); a == b {
		t.Errorf("two seeds give %v", a)
	}
}

func TestJobs(t *testing.T) {
	jobs := func(workload string) (*scenario.JobSet, error) {
		text := "name: x\ntopology: {synth: iiot}\nworkload: " + workload + "\n"
		s, err := scenario.Parse([]byte(text), filepath.Join("testdata", "f"), builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		return s.Jobs()
	}
	set, err := jobs("{trace: trace.csv}")
	if err != nil || set.Pool != 2 || len(set.Trace.Errors(9)) != 1 || len(set.Jobs) != 2 {
		t.Errorf("%+v %v", set, err)
	}
	if _, err := jobs("{trace: trace.csv, strict: true}"); err == nil || !strings.Contains(err.Error(), "trace.csv:6") {
		t.Errorf("strict: %v does not name line 6", err)
	}
	if _, err := jobs("{trace: absent.csv}"); err == nil {
		t.Error("an absent trace is read")
	}
	set, err = jobs("{trace: trace.csv, max-length: 2}")
	if err != nil || len(set.Jobs) != 1 || set.Jobs[0].Length() != 2 {
		t.Errorf("max-length: %+v %v", set, err)
	}
	if _, err := jobs("{trace: trace.csv, min-length: 9}"); err == nil {
		t.Error("no job is left, and that is no error")
	}
	set, err = jobs("{synth: {kind: spar, jobs: 500}, jobs: 20}")
	if err != nil || len(set.Jobs) < 8 || len(set.Jobs) > 40 || set.Pool <= len(set.Jobs) {
		t.Errorf("%d of %d drawn, want about 20: %v", len(set.Jobs), set.Pool, err)
	}
}

func TestLoad(t *testing.T) {
	if _, err := scenario.Load("testdata/absent.yaml", builtin.Catalogue()); err == nil {
		t.Error("an absent file is loaded")
	}
	_, err := scenario.Load("testdata/absent-files.yaml", builtin.Catalogue())
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"absent-files.yaml:2:21: topology.ether: ", "iiot.nodes", "absent-files.yaml:3:19: workload.trace: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}
