package orchestrator

import (
	"cmp"
	"slices"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Probe is one measurement that Verify makes: from one station to another, across the link in question.
type Probe struct {
	Link     string
	Class    string
	From, To Station
	RTT      time.Duration // target: propagation and serialization, both ways, of an echo of pingFrame bytes
	Goodput  float64       // target, bit/s of TCP payload; 0 where no link limits or losses forbid a target
	Jitter   time.Duration // by as much an echo may be late by intent
	RateOnly bool          // the round trip is another probe's
	Loss     bool          // some queue on the way loses packets by intent
}

// Ethernet frames, in bytes, that the targets are computed from: an echo with 56 bytes of payload, a full
// TCP segment with timestamps and its payload, and an acknowledgement, of which there is one for two segments.
const (
	pingFrame = 98
	dataFrame = 1514
	payload   = 1448
	ackFrame  = 66
)

// Probes chooses what Verify measures: of every class of links at most perClass, spread over the class,
// and for each queue of theirs the pair of stations between which that link is the tightest, then the
// nearest pair.
func Probes(t *topology.Topology, stations []Station, perClass int) []Probe {
	byChannel := bestPairs(t, stations)
	classes := map[string][]topology.ID{} // up and down links of one class apart
	for _, id := range t.Links() {
		class := t.Vertices[id].Class + "\x00" + t.Vertices[id].LinkType.String()
		classes[class] = append(classes[class], id)
	}
	var names []string
	for class := range classes {
		names = append(names, class)
	}
	slices.Sort(names)
	var probes []Probe
	for _, class := range names {
		for _, id := range spread(classes[class], perClass) {
			echoed := false
			for dir := range 2 {
				if pair, ok := byChannel[topology.Channel{Link: id, Dir: dir}]; ok {
					probe := pair.probe(t, id)
					probe.RateOnly, echoed = echoed, true // an echo crosses both queues
					probes = append(probes, probe)
				}
			}
		}
	}
	return probes
}

// spread picks at most n of ids, evenly.
func spread(ids []topology.ID, n int) []topology.ID {
	if len(ids) <= n {
		return ids
	}
	picked := make([]topology.ID, n)
	for i := range picked {
		picked[i] = ids[i*len(ids)/n]
	}
	return picked
}

type pair struct {
	from, to    Station
	forth, back []topology.Hop
	rtt         time.Duration
	tightest    units.BitRate
}

// bestPairs finds for every queue the pair to measure it with. It looks at a bounded number of
// destinations per queue's worth of topology: all pairs up to 128 stations, a spread beyond.
func bestPairs(t *topology.Topology, stations []Station) map[topology.Channel]pair {
	ends := stations
	if len(ends) > 128 {
		step := len(ends) / 128
		ends = nil
		for i := 0; i < len(stations); i += step + 1 {
			ends = append(ends, stations[i])
		}
	}
	trees := make([]*topology.Tree, len(ends))
	for i, s := range ends {
		trees[i] = t.TreeTo(s.ID)
	}
	best := map[topology.Channel]pair{}
	for i, from := range ends {
		for j, to := range ends {
			if i == j || !trees[j].Reaches(from.ID) || !trees[i].Reaches(to.ID) {
				continue
			}
			forth, there := trees[j].Hops(nil, from.ID)
			back, again := trees[i].Hops(nil, to.ID)
			p := pair{from, to, forth, back, there + again, t.Bottleneck(forth)}
			for _, h := range forth {
				if old, ok := best[h.Channel]; !ok || p.better(old, t.Vertices[h.Link].Shape[h.Dir].Rate) {
					best[h.Channel] = p
				}
			}
		}
	}
	return best
}

// better prefers a pair whose tightest queue has the rate in question, then the nearer one.
func (p pair) better(o pair, rate units.BitRate) bool {
	if mine, theirs := p.tightest == rate, o.tightest == rate; mine != theirs {
		return mine
	}
	return cmp.Compare(p.rtt, o.rtt) < 0
}

func (p pair) probe(t *topology.Topology, link topology.ID) Probe {
	out := Probe{Link: t.Vertices[link].Name, Class: t.Vertices[link].Class, From: p.from, To: p.to, RTT: p.rtt}
	wire := map[topology.Channel]float64{} // bytes that each queue carries for one segment's payload
	for _, h := range p.forth {
		wire[h.Channel] += dataFrame
	}
	for _, h := range p.back {
		wire[h.Channel] += ackFrame / 2.0
	}
	for _, h := range append(slices.Clone(p.forth), p.back...) {
		shape := t.Vertices[h.Link].Shape[h.Dir]
		out.RTT += shape.Rate.Serialization(pingFrame)
		out.Jitter += shape.Jitter
		out.Loss = out.Loss || shape.Loss > 0
		if rate := float64(shape.Rate) * payload / wire[h.Channel]; shape.Rate > 0 && (out.Goodput == 0 || rate < out.Goodput) {
			out.Goodput = rate
		}
	}
	if out.Loss {
		out.Goodput = 0
	}
	return out
}
