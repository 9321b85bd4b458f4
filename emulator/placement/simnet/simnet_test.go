package simnet

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/topology/ether"
	"testbed/emulator/topology/synth"
	"testbed/emulator/units"
)

func iiot(t testing.TB) *topology.Topology {
	t.Helper()
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	return topo
}

func id(t testing.TB, topo *topology.Topology, name string) topology.ID {
	t.Helper()
	v, ok := topo.Lookup(name)
	if !ok {
		t.Fatalf("no vertex %s", name)
	}
	return v
}

func TestTransferByHand(t *testing.T) {
	topo := iiot(t)
	n := New(topo)
	cases := []struct {
		from, to string
		rates    []float64 // Mb/s, of the links on the way
	}{
		{"rpi3_0", "rpi3_1", []float64{1000, 300, 1000}},
		{"rpi3_0", "nuc_0", []float64{1000, 300, 1000}},
		{"nuc_0", "server_0", []float64{1000, 10000, 1000}},
		// Between premises: out through the one's DOWN link and in through the other's UP link, because
		// the way is the reverse of the one back.
		{"nuc_0", "nuc_1", []float64{1000, 500, 50, 1000}},
		{"nuc_0", "nuc_0", nil},
	}
	for _, c := range cases {
		from, to := id(t, topo, c.from), id(t, topo, c.to)
		want := 0.0
		for _, r := range c.rates {
			want += float64(float32(8e6) / float32(r*1e6))
		}
		if got := n.Transfer(from, to, 1e6); math.Abs(got-want) > 1e-12 || n.Hops(from, to) != len(c.rates) {
			t.Errorf("%s to %s: %v s over %d links, want %v over %d", c.from, c.to, got, n.Hops(from, to), want, len(c.rates))
		}
		if got := n.Transfer(from, to, 0); got != 0 {
			t.Errorf("%s to %s: no bytes take %v s", c.from, c.to, got)
		}
	}
	// The way from nuc_0 out is the reverse of the way in.
	rates := n.Rates(n.Class(id(t, topo, "nuc_0"), id(t, topo, "nuc_1")))
	if rates[1] != 500e6 || rates[2] != 50e6 {
		t.Errorf("nuc_0 to nuc_1 goes over %v, want the down link of 500 Mb/s before the up link of 50", rates)
	}
}

func TestNoPath(t *testing.T) {
	topo := iiot(t)
	if _, err := topo.Add(topology.Vertex{Name: "alone"}); err != nil {
		t.Fatal(err)
	}
	topo.EdgeNetwork = 0
	n := New(topo)
	a, b := id(t, topo, "nuc_0"), id(t, topo, "alone")
	if got := n.Transfer(a, b, 1); !math.IsInf(got, 1) || n.Hops(a, b) != 0 {
		t.Errorf("%v s over %d links, want an infinite time", got, n.Hops(a, b))
	}
	if n.Class(a, id(t, topo, "switch_lan_0")) != None || n.Class(-1, 1000) != None {
		t.Error("what is not a host has a path")
	}
}

// The cloud changes nothing: it is not part of the edge network.
func TestCloudIsNotInIt(t *testing.T) {
	plain, clouded := iiot(t), iiot(t)
	if err := clouded.AttachCloud(topology.CloudLink{Up: units.Gbps * 100, Down: units.Gbps * 100}); err != nil {
		t.Fatal(err)
	}
	x, y := New(plain), New(clouded)
	for _, a := range plain.Hosts() {
		for _, b := range plain.Hosts() {
			if x.Transfer(a, b, 1000) != y.Transfer(a, b, 1000) {
				t.Fatalf("%d to %d differs", a, b)
			}
		}
	}
}

// Both ways of finding the central node agree on the published topologies.
func TestCentralAgrees(t *testing.T) {
	for _, name := range []string{"iiot.0", "urban_sensing.0"} {
		topo, err := ether.Load(filepath.Join("..", "..", "..", "..", "shared", "reference", "ether", name))
		if err != nil {
			t.Skipf("the reference data are not here: %v", err)
		}
		want, err := New(topo).Central()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := topo.Central(); err != nil || got != want {
			t.Errorf("%s: topology says %s (%v), the simulator's network %s",
				name, topo.Vertices[got].Name, err, topo.Vertices[want].Name)
		}
	}
}

// Against an independent computation (Bellman and Ford's, in float64): no path is longer than needed.
func TestPathsAreShortest(t *testing.T) {
	seed := testenv.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		topo := topology.New("random")
		add := func(v topology.Vertex) topology.ID {
			v.Name = string(rune('A' + len(topo.Vertices)))
			id, err := topo.Add(v)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		for range 6 {
			add(topology.Vertex{})
		}
		for range 25 {
			l := add(topology.Vertex{Kind: topology.Link, LinkType: topology.Uplink,
				Shape: [2]topology.Shape{{Rate: units.BitRate(1+random.IntN(1000)) * units.Mbps}}})
			topo.Connect(topology.ID(random.IntN(6)), l, 0)
			topo.Connect(l, topology.ID(random.IntN(6)), 0)
		}
		g := newGraph(topo, nil)
		for source := range topology.ID(6) {
			distance := make([]float64, len(topo.Vertices))
			for i := range distance {
				distance[i] = math.Inf(1)
			}
			distance[source] = 0
			for range topo.Vertices {
				for v := range topo.Vertices {
					for e := g.first[v]; e < g.first[v+1]; e++ {
						distance[g.to[e]] = min(distance[g.to[e]], distance[v]+float64(g.weight[e]))
					}
				}
			}
			previous := g.pathsFrom(source)
			for v := range distance {
				if reached := previous[v] >= 0 || topology.ID(v) == source; reached == math.IsInf(distance[v], 1) {
					t.Fatalf("seed %d: vertex %d reached %v at distance %v", seed, v, reached, distance[v])
				} else if !reached {
					continue
				}
				length := 0.0
				for at := int32(v); topology.ID(at) != source; at = previous[at] {
					p := previous[at]
					least := math.Inf(1)
					for e := g.first[p]; e < g.first[p+1]; e++ {
						if g.to[e] == at {
							least = min(least, float64(g.weight[e]))
						}
					}
					length += least
				}
				if math.Abs(length-distance[v]) > 1e-5*distance[v] {
					t.Fatalf("seed %d: path of %v, shortest %v", seed, length, distance[v])
				}
			}
		}
	}
}
