package topology

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/units"
)

func TestPathsPreferRateThenDelayThenFewVertices(t *testing.T) {
	topo := build(t, "host a", "host b", "switch s", "switch u",
		"duplex slow 10Mbps", "duplex f1 100Mbps", "duplex f2 100Mbps", "duplex f3 100Mbps",
		"a-s", "s-slow", "slow-u", "s-f1", "f1-u", "s-f2", "f2-u", "s-f3", "f3-u", "u-b")
	id := func(name string) ID { v, _ := topo.Lookup(name); return v }
	names := func() (list []string) {
		hops, _ := topo.TreeTo(id("b")).Hops(nil, id("a"))
		for _, h := range hops {
			list = append(list, topo.Vertices[h.Link].Name)
		}
		return list
	}
	if got := names(); len(got) != 1 || got[0] != "f1" {
		t.Errorf("path %v, want f1: among equals the smallest index", got)
	}
	topo.Vertices[id("f1")].Shape[0].Delay = time.Microsecond
	if got := names(); got[0] != "f2" {
		t.Errorf("path %v, want f2: f1 is farther", got)
	}
	topo.Vertices[id("f2")].Shape[0].Rate = 99 * units.Mbps
	topo.Vertices[id("f3")].Shape[0].Rate = 101 * units.Mbps
	topo.Vertices[id("f3")].Shape[0].Delay = time.Second
	if got := names(); got[0] != "f3" {
		t.Errorf("path %v, want f3: it is fastest", got)
	}
}

func TestHopsCarryAllDelays(t *testing.T) {
	topo := New("line")
	add := func(v Vertex) ID {
		id, err := topo.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	ms := time.Millisecond
	a, b := add(Vertex{Name: "a"}), add(Vertex{Name: "b"})
	shape := [2]Shape{{Rate: 1, Delay: 8 * ms}, {Rate: 2, Delay: 16 * ms}}
	link := add(Vertex{Name: "l", Kind: Link, LinkType: Duplex, Shape: shape})
	up := add(Vertex{Name: "u", Kind: Link, LinkType: Shared, Shape: [2]Shape{{Rate: 3, Delay: 32 * ms}}})
	s := add(Vertex{Name: "s", Kind: Switch})
	topo.Join(a, link, 1*ms)
	topo.Join(link, s, 2*ms)
	topo.Join(s, up, 4*ms)
	topo.Join(up, b, 64*ms)
	hops, total := topo.TreeTo(b).Hops(nil, a)
	// The first queue's hop takes the edge before it, its own delay, and the edge to the switch; the
	// second the edge from the switch, its own, and the edge to b.
	if got := topo.TreeTo(b).Vertices([]ID{7}, a); !slices.Equal(got, []ID{7, a, link, s, up, b}) {
		t.Errorf("vertices %v", got)
	}
	if len(hops) != 2 || hops[0].Delay != 11*ms || hops[1].Delay != 100*ms || total != 111*ms || hops[0].Dir != 0 {
		t.Errorf("there: %+v in %v", hops, total)
	}
	hops, total = topo.TreeTo(a).Hops(nil, b)
	least := topo.Bottleneck(hops)
	if len(hops) != 2 || total != (64+32+4+2+16+1)*ms || hops[1].Channel != (Channel{link, 1}) || least != 2 {
		t.Errorf("back: %+v in %v", hops, total)
	}
	if hops, total := topo.TreeTo(a).Hops(nil, a); len(hops) != 0 || total != 0 {
		t.Errorf("to itself: %v in %v", hops, total)
	}
}

// In random graphs every path's delays add up to its total, and a path follows edges that exist.
func TestHopsAddUp(t *testing.T) {
	seed := testenv.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		topo := New("random")
		for i := range 12 {
			kind := Switch
			if i < 4 {
				kind = Host
			}
			if _, err := topo.Add(Vertex{Name: string(rune('a' + i)), Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 20 {
			l, err := topo.Add(Vertex{Name: "l" + string(rune('a'+i)), Kind: Link, LinkType: Shared,
				Shape: [2]Shape{{Rate: units.BitRate(random.IntN(5)) * units.Mbps, Delay: time.Duration(random.IntN(1000))}}})
			if err != nil {
				t.Fatal(err)
			}
			x, y := ID(random.IntN(12)), ID(random.IntN(12))
			if x != y {
				topo.Join(x, l, time.Duration(random.IntN(1000)))
				topo.Join(l, y, time.Duration(random.IntN(1000)))
			}
		}
		for dest := range ID(4) {
			tree := topo.TreeTo(dest)
			for source := range ID(4) {
				hops, total := tree.Hops(nil, source)
				var sum time.Duration
				for _, h := range hops {
					sum += h.Delay
				}
				if sum != total {
					t.Fatalf("seed %d: hops of %v make %v", seed, total, sum)
				}
				if tree.Reaches(source) != (len(hops) > 0 || source == dest) {
					t.Fatalf("seed %d: reached %v over %d hops", seed, tree.Reaches(source), len(hops))
				}
			}
		}
	}
}

func TestQueueLimits(t *testing.T) {
	topo := star(t)
	for i := range topo.Adjacency {
		for k := range topo.Adjacency[i] {
			topo.Adjacency[i][k].Delay = 25 * time.Millisecond
		}
	}
	limits := topo.QueueLimits()
	la, _ := topo.Lookup("la")
	cu, _ := topo.Lookup("cu")
	// Between a and b: 4 edges of 25 ms each way and the hosts' 0.5 ms, so 200.5 ms at 100 Mb/s, twice.
	const want = 2 * 2506250 * units.Byte
	if got := limits[Channel{la, 0}]; got != want {
		t.Errorf("limit of la is %v, want %v", got, want)
	}
	// Between c and a: 200 ms at 1 Mb/s is 25 kB; twice that is less than the minimum.
	if got := limits[Channel{cu, 0}]; got != MinimumQueue {
		t.Errorf("limit of cu is %v, want %v", got, MinimumQueue)
	}
	topo.Vertices[la].Shape[1].Queue = 7
	if limits = topo.QueueLimits(); limits[Channel{la, 1}] != 7 || limits[Channel{la, 0}] != want {
		t.Errorf("with a declared limit: %v and %v", limits[Channel{la, 1}], limits[Channel{la, 0}])
	}
}
