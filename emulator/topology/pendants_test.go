package topology

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/units"
)

// sprawl is a random graph in which much hangs from a core: hosts on cables, on cables behind cables, on shared
// media, on each other; hosts with several links; edges that lead one way only, and some twice.
func sprawl(t *testing.T, random *rand.Rand) *Topology {
	t.Helper()
	topo := New("sprawl")
	add := func(v Vertex) ID {
		v.Name = fmt.Sprint("v", len(topo.Vertices))
		for d := range v.Shape {
			rate, delay := units.BitRate(random.IntN(4))*units.Mbps, time.Duration(random.IntN(3))*time.Millisecond
			v.Shape[d] = Shape{Rate: rate, Delay: delay}
		}
		id, err := topo.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	kinds := []Kind{Host, Host, Host, Switch, Exchange, Link, Link, Link, Cloud}
	for range 4 + random.IntN(30) {
		add(Vertex{Kind: kinds[random.IntN(len(kinds))], LinkType: LinkType(random.IntN(4))})
	}
	n := len(topo.Vertices)
	join := func(a, b ID) {
		delay := time.Duration(random.IntN(3)) * time.Millisecond
		if topo.Connect(a, b, delay); random.IntN(20) > 0 {
			topo.Connect(b, a, delay+time.Duration(random.IntN(2)))
		}
	}
	for v := 1; v < n; v++ {
		if random.IntN(15) > 0 {
			join(ID(v), ID(random.IntN(v)))
		}
	}
	for range random.IntN(5) {
		join(ID(random.IntN(n)), ID(random.IntN(n)))
	}
	cloud := add(Vertex{Kind: Cloud})
	for range random.IntN(10) { // a crowd around one vertex, some with ways of their own to the cloud
		cable, host := add(Vertex{Kind: Link}), add(Vertex{Kind: Host})
		topo.Vertices[cable].Shape[0].Rate = units.BitRate(random.IntN(2)) * units.Mbps
		topo.Vertices[cable].Shape[1].Rate = 0
		join(host, cable)
		join(cable, ID(n/2))
		if random.IntN(3) == 0 {
			up, down := add(Vertex{Kind: Link, LinkType: Uplink}), add(Vertex{Kind: Link, LinkType: Downlink})
			topo.Connect(host, up, 0)
			topo.Connect(up, cloud, time.Millisecond)
			topo.Connect(cloud, down, time.Millisecond)
			topo.Connect(down, host, 0)
		}
	}
	return topo
}

// TestTreesAreThoseOfTheWholeGraph: what hangs is left out of the search, and changes none of its results.
func TestTreesAreThoseOfTheWholeGraph(t *testing.T) {
	seed := testenv.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	hung := 0
	for range 1000 {
		topo := sprawl(t, random)
		for _, s := range topo.segments().all {
			hung += len(s.vertices) - len(s.core)
		}
		for dest, tree := range topo.Trees() {
			whole := topo.TreeTo(dest)
			for source := range topo.Vertices {
				source := ID(source)
				if got, want := tree.Reaches(source), whole.Reaches(source); got != want {
					t.Fatalf("seed %d: %d to %d: reached %v, in the whole graph %v", seed, source, dest, got, want)
				}
				if got, want := tree.Vertices(nil, source), whole.Vertices(nil, source); !slices.Equal(got, want) {
					t.Fatalf("seed %d: %d to %d: along %v, in the whole graph %v", seed, source, dest, got, want)
				}
				got, delay := tree.Hops(nil, source)
				want, total := whole.Hops(nil, source)
				if !slices.Equal(got, want) || delay != total {
					t.Fatalf("seed %d: %d to %d: %v in %v, in the whole graph %v in %v",
						seed, source, dest, got, delay, want, total)
				}
			}
		}
	}
	if hung < 10_000 {
		t.Errorf("%d vertices hung from others: the test has hardly looked at any", hung)
	}
}

// TestProductsAreThoseOfAllPairs: those that are passed over have no larger one.
func TestProductsAreThoseOfAllPairs(t *testing.T) {
	seed := testenv.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	grouped := 0
	for range 1000 {
		topo := sprawl(t, random)
		want := make([][2]units.ByteSize, len(topo.Vertices))
		ends := topo.Attached()
		for _, a := range ends {
			for _, b := range ends {
				forth, there := topo.TreeTo(b).Hops(nil, a)
				_, again := topo.TreeTo(a).Hops(nil, b)
				for _, h := range forth {
					p := &want[h.Link][h.Dir]
					*p = max(*p, topo.Bottleneck(forth).Product(there+again+hostTime))
				}
			}
		}
		split := topo.segments()
		if len(split.odd) == 0 {
			into := split.ends(split.into)
			for i, s := range split.all {
				grouped += len(into[i]) - len(topo.accesses(s, into[i]))
			}
		}
		if got := topo.largestProducts(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: products %v, of all pairs %v", seed, got, want)
		}
	}
	if grouped < 200 {
		t.Errorf("%d ends were passed over: the test has hardly looked at any", grouped)
	}
}
