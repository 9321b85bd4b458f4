package verify

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"sort"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// Flooder is a Prober that can fill a link whose rate changes from one moment to the next, which TCP does not.
type Flooder interface {
	// Flood sends so many UDP packets/s of size bytes of IP for so long, and returns when those that arrived did, in ns of
	// CLOCK_MONOTONIC of the machine on which to is, ascending.
	Flood(
		ctx context.Context, from, to netns.Ref, addr netip.Addr, size int, rate float64, lasts time.Duration,
	) (arrivals []int64, err error)
}

// onOneClock makes a flood's arrivals instants of this host's clock, as those are at which traces began, though the
// receiver is on a machine with a clock of its own.
func onOneClock(f fabric.Fabric, flood floodFunc) floodFunc {
	clocked, several := f.(fabric.Clocked)
	if !several {
		return flood
	}
	return func(
		ctx context.Context, from, to netns.Ref, addr netip.Addr, size int, rate float64, lasts time.Duration,
	) ([]int64, error) {
		arrivals, err := flood(ctx, from, to, addr, size, rate, lasts)
		if err != nil || to.Machine == "" {
			return arrivals, err
		}
		clocks, err := clocked.Clocks(ctx)
		if err != nil {
			return nil, err
		}
		here := clocks[to.Machine]
		if here == nil {
			return nil, fmt.Errorf("the clock of machine %s is not known", to.Machine)
		}
		for i, at := range arrivals {
			arrivals[i] = int64(here(time.Duration(at)))
		}
		return arrivals, nil
	}
}

// Followed is the trace that limits a probe's rate.
type Followed struct {
	Trace   *linktrace.Trace
	Channel topology.Channel
	Began   int64         // ns of CLOCK_MONOTONIC
	Behind  time.Duration // what a packet takes from that queue to the receiver at least
}

// followed looks for traces on the way forth, of which limit is the queue that is the tightest by their means.
func (p pair) followed(t *topology.Topology, out *Probe, limit topology.Channel) {
	behind := time.Duration(0)
	for i := len(p.forth) - 1; i >= 0; i-- {
		h := p.forth[i]
		behind += h.Delay
		shape := &t.Vertices[h.Link].Shape[h.Dir]
		switch trace := t.Trace(shape); {
		case t.Delays(shape) != nil:
			out.NoRTT = "delays are drawn from a distribution"
		case trace == nil:
		case trace.ServesPackets() && h.Channel == limit:
			out.Followed = &Followed{Trace: trace, Channel: limit, Behind: behind}
			out.NoRTT = "packets wait for the room that a trace gives them"
		default:
			out.NoRTT, out.NoRate = "a link on the way follows a trace", "another link on the way follows a trace"
		}
	}
	for _, h := range p.back {
		if shape := &t.Vertices[h.Link].Shape[h.Dir]; t.Trace(shape) != nil || t.Delays(shape) != nil {
			out.NoRTT = "a link on the way follows a trace"
		}
	}
}

// Of a flood the begin is left out, until the queue is full.
const (
	floodWarmup  = time.Second
	floodTries   = 3
	floodMost    = 25_000 // packets/s
	leastPackets = 3      // by which the ends of a window may be off
)

// traced floods the link, and holds what arrives against what the trace had room for in that time.
func (v verifier) traced(ctx context.Context, p Probe) (Finding, error) {
	if v.flood == nil {
		return p.skipped("rate", "nothing fills a link that follows a trace"), nil
	}
	rate := min(2*p.packets(float64(p.Followed.Trace.Peak())*8*10)+100, floodMost)
	lasts := floodWarmup + max(v.Duration, 2*time.Second)
	lasts = min(lasts, time.Duration(0.9*measure.MostFlooded/rate*float64(time.Second))) // some are duplicates
	var best Finding
	for try := range floodTries {
		arrivals, err := v.flood(ctx, v.spaces[p.From.Name], v.spaces[p.To.Name], p.to(), p.mtu(), rate, lasts)
		if err != nil {
			return Finding{}, err
		}
		// Asked now: clocks of several machines drift apart.
		if p.Followed.Began, err = v.began(ctx, p.Followed.Channel); err != nil {
			return Finding{}, err
		}
		f := judgeTraced(p, arrivals, v.Tolerance)
		if f.OK {
			return f, nil
		}
		if try == 0 || f.better(best) {
			best = f
		}
	}
	return best, nil
}

// packets is how many of the flood's fit into so many bits of what the trace has room for: full frames of Ethernet or,
// where it counts opportunities, bytes of IP.
func (p Probe) packets(bits float64) float64 {
	if len(p.Followed.Trace.Opportunities) > 0 {
		return bits / 8 / (linktrace.Opportunity + linktrace.EthernetHeader) * linktrace.Opportunity / float64(p.mtu())
	}
	return bits / 8 / p.dataFrame()
}

// judgeTraced counts what arrived in whole milliseconds between the end of the warm-up and the last packets.
func judgeTraced(p Probe, arrivals []int64, tolerance Tolerance) Finding {
	f := p.finding("rate")
	followed := p.Followed
	if len(arrivals) < 2 {
		f.Verdict = "nothing arrived"
		return f
	}
	// As by the trace's clock, half a millisecond behind each of its own.
	clock := func(at int64) int64 { return at - followed.Began - int64(followed.Behind) }
	half := int64(time.Millisecond) / 2
	from := (clock(arrivals[0])+int64(floodWarmup))/int64(time.Millisecond)*int64(time.Millisecond) + half
	to := clock(arrivals[len(arrivals)-1])/int64(time.Millisecond)*int64(time.Millisecond) - half
	if to <= from {
		f.Verdict = "too little arrived for a rate"
		return f
	}
	before := func(at int64) int {
		return sort.Search(len(arrivals), func(i int) bool { return clock(arrivals[i]) >= at })
	}
	count := float64(before(to) - before(from))
	want := p.packets(followed.Trace.Bits(from, to))
	perSecond := float64(measure.FloodPayload(p.mtu(), p.IP == 6)) * 8 * 1e9 / float64(to-from)
	f.Target, f.Measured = want*perSecond, count*perSecond
	f.Error = count/want - 1
	f.OK = math.Abs(count-want) <= tolerance.Rate*want+leastPackets
	f.Verdict = fmt.Sprintf("ok: what %s had room for", followed.Trace.Name)
	if !f.OK {
		f.Verdict = fmt.Sprintf("%.0f packets where %s had room for %.0f", count, followed.Trace.Name, want)
	}
	return f
}
