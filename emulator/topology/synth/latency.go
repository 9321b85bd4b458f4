package synth

import (
	"math"
	"math/rand/v2"
	"time"

	"testbed/emulator/topology"
)

// Lognormal is a shifted lognormal distribution of a latency, in ms: Loc + Scale · exp(Sigma · N(0,1)).
type Lognormal struct {
	Sigma, Loc, Scale float64
}

func (l Lognormal) draw(random *rand.Rand) float64 {
	return l.Loc + float64(l.Scale*math.Exp(l.Sigma*random.NormFloat64())) // not fused: the same on every machine
}

// Median is the distribution's median, in ms.
func (l Lognormal) Median() float64 { return l.Loc + l.Scale }

// LatencyModel says how latencies are drawn.
type LatencyModel struct {
	LAN         Lognormal     // between a host and its link, and between switches
	WLAN        Lognormal     // between a medium and its stations
	BusinessISP Lognormal     // on both sides of a business line's links
	MobileISP   Lognormal     // on both sides of a mobile backhaul's links
	Exchanges   time.Duration // between two exchanges, fixed
}

// DefaultLatencies are ether's distributions, and 10 ms between exchanges.
func DefaultLatencies() LatencyModel {
	return LatencyModel{
		LAN:         Lognormal{0.25, 0.35, 0.16},
		WLAN:        Lognormal{0.635, 1.18, 3.27},
		BusinessISP: Lognormal{0.87, 5.95, 1.21},
		MobileISP:   Lognormal{0.49, 16.2, 8.02},
		Exchanges:   10 * time.Millisecond,
	}
}

// Latencies draws the delay of every edge of the edge network, one draw for each pair of neighbours;
// both directions have the same. It goes by the vertices' kinds and classes (see topology.Classify), so
// it serves topologies from files as well. Edges without a distribution get 0. The draws depend on the
// seed and on the order of vertices alone.
func Latencies(t *topology.Topology, model LatencyModel, seed uint64) {
	t.Classify()
	random := rand.New(rand.NewPCG(seed, 0x6c6174)) // a stream of its own beside other draws of the seed
	type pair struct{ a, b topology.ID }
	drawn := map[pair]time.Duration{}
	for i := range t.EdgeSize() {
		from := topology.ID(i)
		for k, e := range t.Adjacency[i] {
			if int(e.To) >= t.EdgeSize() {
				continue
			}
			key := pair{min(from, e.To), max(from, e.To)}
			delay, known := drawn[key]
			if !known {
				delay = model.edge(t, key.a, key.b, random)
				drawn[key] = delay
			}
			t.Adjacency[i][k].Delay = delay
		}
	}
}

// edge draws the delay between two neighbours.
func (m LatencyModel) edge(t *topology.Topology, a, b topology.ID, random *rand.Rand) time.Duration {
	x, y := &t.Vertices[a], &t.Vertices[b]
	if x.Kind == topology.Exchange && y.Kind == topology.Exchange {
		return m.Exchanges
	}
	d, ok := m.distribution(t, a, b)
	if !ok {
		return 0
	}
	return time.Duration(math.Round(d.draw(random) * 1e6))
}

func (m LatencyModel) distribution(t *topology.Topology, a, b topology.ID) (Lognormal, bool) {
	x, y := &t.Vertices[a], &t.Vertices[b]
	either := func(class string) bool { return x.Class == class || y.Class == class }
	switch {
	case x.Kind == topology.Host || y.Kind == topology.Host:
		return m.LAN, true
	case x.Kind == topology.Switch && y.Kind == topology.Switch:
		return m.LAN, true
	case either(topology.ClassBusinessISP):
		return m.BusinessISP, true
	case either(topology.ClassMobileISP):
		return m.MobileISP, true
	case either(topology.ClassWLAN):
		return m.WLAN, station(t, a) || station(t, b)
	}
	return Lognormal{}, false
}

// station says whether a neighbour of a medium is one of its stations: a host's link, or the switch of a
// box that has nothing but hosts' links besides. What else is there is the medium's way further in.
func station(t *topology.Topology, id topology.ID) bool {
	v := &t.Vertices[id]
	if v.Kind == topology.Link {
		return v.Class == topology.ClassAccess
	}
	for _, e := range t.Adjacency[id] {
		if class := t.Vertices[e.To].Class; class != topology.ClassAccess && class != topology.ClassWLAN {
			return false
		}
	}
	return v.Kind == topology.Switch
}
