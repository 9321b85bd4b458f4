package cut_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// randomTopology is a sound one: a tree of switches and exchanges, with lines, pairs of an up- and a downlink, media
// and edges without a link; hosts on it; some more links across; and perhaps a cloud.
func randomTopology(t testing.TB, r *rand.Rand, hosts int) *topology.Topology {
	g := &grower{t: t, r: r, graph: topology.New("random")}
	attached := make([]topology.ID, hosts)
	for i := range attached {
		attached[i] = g.add(topology.Vertex{Name: fmt.Sprintf("h%d", i), Memory: units.GiB, CPU: 1000})
	}
	inner := []topology.ID{g.add(topology.Vertex{Name: "s0", Kind: topology.Switch})}
	for i := range r.IntN(hosts + 1) {
		kind := topology.Switch
		if r.IntN(3) == 0 {
			kind = topology.Exchange
		}
		id := g.add(topology.Vertex{Name: fmt.Sprintf("s%d", i+1), Kind: kind})
		g.join(inner[r.IntN(len(inner))], id)
		inner = append(inner, id)
	}
	for i := 0; i < len(attached); {
		at := inner[r.IntN(len(inner))]
		if r.IntN(3) > 0 {
			g.join(attached[i], at)
			i++
			continue
		}
		medium := g.link(topology.Shared)
		for n := 1 + r.IntN(3); n > 0 && i < len(attached); n-- {
			g.graph.Join(attached[i], medium, g.delay())
			i++
		}
		if r.IntN(2) == 0 {
			g.graph.Join(medium, at, g.delay())
			continue
		}
		// Backhaul as ether has it: links that follow one another.
		up, down := g.link(topology.Uplink), g.link(topology.Downlink)
		g.graph.Connect(medium, up, g.delay())
		g.graph.Connect(up, at, g.delay())
		g.graph.Connect(at, down, g.delay())
		g.graph.Connect(down, medium, g.delay())
	}
	for range r.IntN(3) {
		if a, b := inner[r.IntN(len(inner))], inner[r.IntN(len(inner))]; a != b {
			g.line(a, b)
		}
	}
	if r.IntN(2) == 0 {
		g.line(g.add(topology.Vertex{Name: "cloud", Kind: topology.Cloud}), inner[0])
	}
	if errs := g.graph.Validate(); len(errs) > 0 {
		t.Fatalf("the generator is wrong: %v", errs)
	}
	return g.graph
}

type grower struct {
	t     testing.TB
	r     *rand.Rand
	graph *topology.Topology
}

func (g *grower) add(v topology.Vertex) topology.ID {
	id, err := g.graph.Add(v)
	if err != nil {
		g.t.Fatal(err)
	}
	return id
}

// delay is none, below a floor of 1 ms, or above.
func (g *grower) delay() time.Duration {
	switch g.r.IntN(4) {
	case 0, 1:
		return 0
	case 2:
		return time.Duration(g.r.IntN(1000)) * time.Microsecond
	}
	return time.Duration(g.r.IntN(20000)) * time.Microsecond
}

func (g *grower) shape() topology.Shape {
	s := topology.Shape{Delay: g.delay(), Rate: units.BitRate(g.r.IntN(100)) * units.Mbps}
	switch g.r.IntN(12) {
	case 0:
		s.Jitter = s.Delay / 2
	case 1:
		s.Reorder = 0.01
	}
	return s
}

func (g *grower) link(kind topology.LinkType) topology.ID {
	return g.add(topology.Vertex{Name: fmt.Sprintf("l%d", len(g.graph.Vertices)), Kind: topology.Link, LinkType: kind,
		Shape: [2]topology.Shape{g.shape(), g.shape()}})
}

func (g *grower) line(a, b topology.ID) {
	line := g.link(topology.Duplex)
	g.graph.Join(a, line, g.delay())
	g.graph.Join(line, b, g.delay())
}

// join connects two nodes in one of the ways that there are.
func (g *grower) join(a, b topology.ID) {
	switch g.r.IntN(6) {
	case 0:
		up, down := g.link(topology.Uplink), g.link(topology.Downlink)
		g.graph.Connect(a, up, g.delay())
		g.graph.Connect(up, b, g.delay())
		g.graph.Connect(b, down, g.delay())
		g.graph.Connect(down, a, g.delay())
	case 1:
		g.graph.Join(a, b, g.delay())
	default:
		g.line(a, b)
	}
}
