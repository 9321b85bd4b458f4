package cut_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/machines/cut"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func BenchmarkFind500(b *testing.B) { benchmark(b, shipped(b, "scale-500"), 4) }

func BenchmarkFind10000(b *testing.B) { benchmark(b, sites(b, 500, 20), 10) }

func benchmark(b *testing.B, graph *topology.Topology, count int) {
	o := cut.Options{Machines: list(b, fmt.Sprint(count))}
	b.ResetTimer()
	for b.Loop() {
		if _, err := cut.Find(graph, o); err != nil {
			b.Fatal(err)
		}
	}
}

// sites is a network of so many sites at ten exchanges, each with so many hosts on lines of 2 to 7 ms at a switch.
func sites(t testing.TB, count, hosts int) *topology.Topology {
	g := &grower{t: t, r: rand.New(rand.NewPCG(1, 2)), graph: topology.New("sites")}
	node := func(kind topology.Kind, format string, args ...any) topology.ID {
		return g.add(topology.Vertex{Name: fmt.Sprintf(format, args...), Kind: kind})
	}
	line := func(a, b topology.ID, rate units.BitRate, delay time.Duration) {
		s := topology.Shape{Rate: rate, Delay: delay}
		link := g.add(topology.Vertex{Name: fmt.Sprintf("l%d", len(g.graph.Vertices)), Kind: topology.Link,
			Shape: [2]topology.Shape{s, s}})
		g.graph.Join(a, link, 0)
		g.graph.Join(link, b, 0)
	}
	var exchanges []topology.ID
	for i := range 10 {
		exchanges = append(exchanges, node(topology.Exchange, "x%d", i))
		if i > 0 {
			line(exchanges[0], exchanges[i], 10*units.Gbps, 10*time.Millisecond)
		}
	}
	for i := range count {
		s := node(topology.Switch, "s%d", i)
		line(exchanges[i%10], s, 100*units.Mbps, time.Duration(10+g.r.IntN(8))*time.Millisecond)
		for k := range hosts {
			line(s, node(topology.Host, "h%d-%d", i, k), 100*units.Mbps, time.Duration(2000+g.r.IntN(5000))*time.Microsecond)
		}
	}
	return g.graph
}

// TestLarge: 10,000 hosts of which each could be cut off are cut between sites, evenly.
func TestLarge(t *testing.T) {
	graph := sites(t, 500, 20)
	r, err := cut.Find(graph, cut.Options{Machines: list(t, "10")})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Partition.Validate(graph); err != nil {
		t.Fatal(err)
	}
	for i, load := range r.Loads {
		if load.Share > cut.Balance {
			t.Errorf("machine %d: %+v", i, load)
		}
	}
	var near []machines.Crossing
	for _, c := range r.Crossings {
		if c.Delay < 10*time.Millisecond {
			near = append(near, c.Crossing)
		}
	}
	// 500 lines of 100 Mb/s lead to exchanges, 9 of 10 Gb/s join these, 10,000 end at hosts.
	if len(near) > 100 || r.Share > 0.2 {
		t.Errorf("%d crossings, of them %d to single hosts; %.1f %% of the rate", len(r.Crossings), len(near), 100*r.Share)
	}
	t.Logf("%d crossings, of them %d to single hosts; %.1f %% of the rate", len(r.Crossings), len(near), 100*r.Share)
}
