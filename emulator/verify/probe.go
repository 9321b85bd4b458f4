package verify

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Probe is one measurement that Links makes: from one station to another, across the link in question. Where
// nothing can be measured, Skip says why, and there is neither station nor target.
type Probe struct {
	Link     string // of a probe that is skipped: all the links that it stands for
	Class    string
	From, To orchestrator.Station
	IP       int           // the version of IP that it is over: 4 (as 0 is) or 6
	MTU      int           // bytes, the least on the way; 0: 1500
	RTT      time.Duration // target: propagation and serialization, both ways, of an echo of 64 bytes of ICMP
	RTT6     time.Duration // the same over IPv6, whatever IP is
	Goodput  float64       // target, bit/s of TCP payload; 0 where nothing on the way limits the rate
	Most     float64       // bit/s, at least Goodput: what it would be if the receiver acknowledged next to nothing
	Limit    string        // the link that limits it
	Loss     float64       // share of the data that is lost or spoilt by intent
	EchoLoss float64       // share of the echoes that get no answer, by intent
	// EchoSpoilt is the share of the echoes of which a bit is flipped by intent, and that are not lost: some count as
	// answered, some as lost.
	EchoSpoilt float64
	Short      bool          // the queue is too short for one connection to fill the link
	Jitter     time.Duration // by as much an echo may be early or late by intent
	Followed   *Followed     // the trace that limits the rate, whose mean Goodput is of; nil: the rate is constant
	RateOnly   bool          // the round trip is another probe's
	NoRTT      string        // why the round trip cannot be measured; empty: it can
	NoRate     string        // why the rate cannot; empty: it can
	Skip       string        // why nothing can
	Fault      bool          // that is not wanted of the network
}

// Bytes that the targets are computed from: Ethernet frames of an echo with 56 bytes of payload and of an
// acknowledgement, both over IPv4; what IPv6's header is longer by; and the headers of a frame, of IPv4, and of TCP
// with timestamps. There is an acknowledgement for two segments (RFC 5681, section 4.2), or for many where a host takes
// in segments together that have arrived together (generic receive offload): on a medium that both directions share
// that makes a difference.
const (
	pingFrame   = 98
	ackFrame    = 66
	longer      = 20
	etherHeader = 14
	ipHeader    = 20
	tcpHeader   = 32
)

// longer is what headers have beside those of IPv4, in bytes.
func (p Probe) longer() int {
	if p.IP == 6 {
		return longer
	}
	return 0
}

// mtu is the least on the way, dataFrame the frame of a full packet, and payload what TCP has in it.
func (p Probe) mtu() int           { return cmp.Or(p.MTU, topology.MaximumMTU) }
func (p Probe) dataFrame() float64 { return float64(p.mtu() + etherHeader) }
func (p Probe) payload() float64   { return float64(p.mtu() - ipHeader - p.longer() - tcpHeader) }

// over is the probe of a round trip over a version of IP.
func (p Probe) over(ip int) Probe {
	if p.IP = ip; ip == 6 {
		p.RTT = p.RTT6
	}
	return p
}

// to is the receiver's address.
func (p Probe) to() netip.Addr {
	if p.IP == 6 {
		return p.To.Addr6
	}
	return p.To.Addr
}

// Probes chooses what Links measures in the network as it is in force: of every class of links at most
// perClass, spread over the class, and for each queue of theirs the pair of stations between which that link is
// the tightest, then the nearest pair. Links that carry nothing, as they or what is around them is down, cut off
// or dead, get a probe that says so, and so does a class of which no link is on any way. Dead are the
// stations whose nodes do not run. Rates are IPv4's.
func Probes(n fabric.Network, perClass int, dead ...string) []Probe {
	return probesOver(4, n, perClass, dead)
}

// probesOver are those of which rates are a version of IP's.
func probesOver(ip int, n fabric.Network, perClass int, dead []string) []Probe {
	s := newSurvey(n, dead)
	s.ip = ip
	classes := classesOf(n.Topology)
	var names []string
	for class := range classes {
		names = append(names, class)
	}
	slices.Sort(names)
	s.complete(classes)
	var probes []Probe
	for _, class := range names {
		probes = append(probes, s.class(classes[class], perClass)...)
	}
	return probes
}

// class are the probes of one class: of some links that carry packets, and of all that do not.
func (s *survey) class(links []topology.ID, perClass int) (probes []Probe) {
	var open []topology.ID
	var reasons []string
	shut := map[string][]string{}
	for _, id := range links {
		if s.crossed(id) {
			open = append(open, id)
			continue
		}
		if reason := s.reason(id); reason != "" {
			if shut[reason] == nil {
				reasons = append(reasons, reason)
			}
			shut[reason] = append(shut[reason], s.graph.Vertices[id].Name)
		}
	}
	for _, id := range spread(open, perClass) {
		echoed := false
		for dir := range 2 {
			if pair, ok := s.best[topology.Channel{Link: id, Dir: dir}]; ok {
				probe := pair.probe(s, id)
				probe.RateOnly, echoed = echoed, true // an echo crosses both queues
				probes = append(probes, probe)
			}
		}
	}
	name := s.graph.Vertices[links[0]].Class
	for _, reason := range reasons {
		probes = append(probes, Probe{Link: strings.Join(shut[reason], ", "), Class: name, Skip: reason,
			Fault: s.faults[reason]})
	}
	if len(probes) == 0 {
		var all []string
		for _, id := range links {
			all = append(all, s.graph.Vertices[id].Name)
		}
		probes = []Probe{{Link: strings.Join(all, ", "), Class: name, Skip: "on no host's shortest path to another"}}
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

// Beyond these a measurement says nothing: Mathis et al. assume that losses are rare and apart, and the median
// of echoes is that of those that do not overtake.
const (
	mostLoss    = 0.05
	mostReorder = 0.4
	mostSilence = 0.9
)

// Shares of its window that TCP keeps after a loss (RFC 9438, RFC 5681): the queue must hold what the way needs
// beyond that, or the link stands idle until the window has grown again.
const (
	cubicShare = 0.7
	renoShare  = 0.5
)

// congestion is the congestion control to measure a rate by; empty: the nodes' own. CUBIC takes delays that vary for
// a queue that fills, and ends its slow start long before it knows the rate. Reno does not look at them.
func (p Probe) congestion() string {
	if p.Jitter > 0 {
		return "reno"
	}
	return ""
}

// fills says whether a queue is long enough for one connection to keep the link busy.
func (p Probe) fills(queue, product units.ByteSize) bool {
	share := cubicShare
	if p.congestion() != "" {
		share = renoShare
	}
	return float64(queue) >= float64(product)*(1/share-1)
}

func (p pair) probe(s *survey, link topology.ID) Probe {
	t := s.graph
	out := Probe{Link: t.Vertices[link].Name, Class: t.Vertices[link].Class, From: p.from, To: p.to, IP: s.ip,
		MTU: t.PathMTU(p.from.ID, p.to.ID, p.forth), RTT: p.rtt, RTT6: p.rtt}
	ack := float64(ackFrame + out.longer())
	wire, data := map[topology.Channel]float64{}, map[topology.Channel]float64{} // bytes for one segment's payload
	arrive, answered, whole, inTurn, once := 1.0, 1.0, 1.0, 1.0, 1.0
	for i, h := range append(slices.Clone(p.forth), p.back...) {
		shape := t.Vertices[h.Link].Shape[h.Dir]
		wire[h.Channel] += ack / 2
		if i < len(p.forth) {
			wire[h.Channel] += out.dataFrame() - ack/2
			data[h.Channel] += out.dataFrame()
			arrive *= (1 - shape.Loss) * (1 - shape.Corrupt)
		}
		whole *= 1 - shape.Corrupt
		answered, inTurn, once = answered*(1-shape.Loss), inTurn*(1-shape.Reorder), once*(1-shape.Duplicate)
		out.RTT += shape.Rate.Serialization(pingFrame)
		out.RTT6 += shape.Rate.Serialization(pingFrame + longer)
		out.Jitter += shape.Jitter
	}
	var limit topology.Channel
	for channel, bytes := range wire {
		v := t.Vertices[channel.Link]
		rate := float64(v.Shape[channel.Dir].Rate) * out.payload() / bytes
		if rate > 0 && (out.Goodput == 0 || rate < out.Goodput || rate == out.Goodput && v.Name == out.Link) {
			out.Goodput, out.Limit, limit = rate, v.Name, channel
			out.Most = rate
			if data[channel] > 0 {
				out.Most = rate * bytes / data[channel]
			}
		}
	}
	if queue, known := s.queues[limit]; known && out.Goodput > 0 {
		out.Short = !out.fills(queue, t.Vertices[limit.Link].Shape[limit.Dir].Rate.Product(out.RTT))
	}
	out.Loss, out.EchoLoss, out.EchoSpoilt = 1-arrive, 1-answered, answered*(1-whole)
	out.NoRTT, out.NoRate = out.unfit(1-inTurn, 1-once)
	p.followed(t, &out, limit)
	return out
}

// unfit says why a round trip and a rate have no target, by what is done to packets on the way.
func (p Probe) unfit(reorder, duplicate float64) (rtt, rate string) {
	switch {
	case reorder > mostReorder:
		rtt = "too many packets overtake others by intent"
	case p.EchoLoss > mostSilence:
		rtt = "nearly all packets are lost by intent"
	}
	switch {
	case p.Loss > mostLoss:
		rate = "no bound of TCP's rate holds where more than 5 % are lost by intent"
	case reorder > 0:
		rate = "packets overtake others by intent, which TCP takes for losses"
	case duplicate > 0:
		rate = "packets are duplicated by intent, which take their share of the rate"
	case p.Goodput == 0 && p.Loss == 0:
		rate = "nothing on the way limits the rate"
	}
	return rtt, rate
}

// mathisConstant is that of random losses with an acknowledgement for each segment: the largest in Mathis,
// Semke, Mahdavi and Ott, The macroscopic behavior of the TCP congestion avoidance algorithm, 1997.
const mathisConstant = 1.31

// mathis is the most, in bit/s of payload, that TCP Reno gets where a share p of its segments, of so many bytes of
// payload each, is lost.
func mathis(payload float64, rtt time.Duration, p float64) float64 {
	return payload * 8 / rtt.Seconds() * mathisConstant / math.Sqrt(p)
}

// most is the most, in bit/s of payload, that the tightest link lets through, however little is acknowledged.
func (p Probe) most() float64 { return max(p.Most, p.Goodput) }

// Bounded says whether the probe's rate has no target but a bound, as segments are lost by intent.
func (p Probe) Bounded() bool { return p.Loss > 0 }

// Bound is the most, in bit/s of payload, that a connection of TCP Reno gets on average: what the tightest link
// leaves, or what its losses do.
func (p Probe) Bound() float64 {
	rtt := max(p.RTT, units.BitRate(p.Goodput).Serialization(units.ByteSize(p.dataFrame())), 10*time.Microsecond)
	if bound := mathis(p.payload(), rtt, p.Loss); p.Goodput == 0 || bound < p.Goodput {
		return bound
	}
	return p.Goodput
}
