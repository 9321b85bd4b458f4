package netem

import (
	"cmp"
	"math"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// frame is a full Ethernet frame of a link with an MTU (0: Ethernet's), in bytes, by which what may wait is counted:
// netem's limit counts packets.
func frame(mtu int) units.ByteSize {
	return units.ByteSize(cmp.Or(mtu, topology.MaximumMTU) + etherHeader)
}

const etherHeader = 14

// smallest is the least frame, in bytes, by which what may be under way is counted: no packet under way is
// dropped, however small.
const smallest = 60

// unlimited is the rate, in bytes/s, of a netem that has none but must keep packets in order: netem orders
// by the last packet's time where it has a rate. A full frame takes 1.3 picoseconds, which count as none.
const unlimited = uint64(1) << 50

// discipline is one netem.
type discipline struct {
	delay, jitter                     time.Duration
	loss, reorder, duplicate, corrupt float64 // probabilities in [0,1]
	rate                              uint64  // bytes/s; 0: none
	limit                             uint32  // packets
}

// pass lets everything through at once, in order.
var pass = discipline{rate: unlimited, limit: most}

// netemWant are the netems wanted at an egress; see the package's comment. Where one is not needed but
// there, packets may be in it: it stays, and lets everything pass.
type netemWant struct {
	outer, inner discipline
	one          bool // no inner one is needed
	none         bool // none is needed: everything passes at once
}

// queueNetems are the netems that realise a queue of the given shape. extra is delay in addition to
// the shape's; queue is what may wait.
func queueNetems(s topology.Shape, extra time.Duration, queue units.ByteSize, down bool) netemWant {
	w := netemWant{outer: discipline{delay: s.Delay + extra, jitter: s.Jitter, loss: s.Loss, reorder: s.Reorder,
		duplicate: s.Duplicate, corrupt: s.Corrupt, rate: unlimited}}
	if down {
		w.outer.loss = 1
	}
	if s.Rate == 0 {
		// Nothing bounds what waits and what is under way but the host.
		w.outer.limit, w.one = most, true
		w.inner = pass
		w.none = w.outer == pass
		return w
	}
	rate := max(1, uint64(math.Round(float64(s.Rate)/8)))
	underWay := (w.outer.delay + w.outer.jitter).Seconds() * float64(s.Rate) / 8
	full := float64(frame(s.MTU))
	waiting := packets(float64(queue), full)
	if s.Duplicate > 0 {
		w.one, w.inner, w.outer.rate, w.outer.limit = true, pass, rate, clamp(waiting+packets(underWay, full))
		return w
	}
	w.outer.limit = clamp(2*packets(underWay+float64(queue), smallest) + 1000)
	w.inner = discipline{rate: rate, limit: clamp(waiting)}
	return w
}

// delayNetems are the netems of an edge with a delay.
func delayNetems(delay time.Duration, down bool) netemWant {
	if delay == 0 && !down {
		return netemWant{none: true, one: true, outer: pass, inner: pass}
	}
	w := netemWant{one: true, inner: pass, outer: discipline{delay: delay, rate: unlimited, limit: most}}
	if down {
		w.outer.loss = 1
	}
	return w
}

// most packets is as good as no limit: the host's memory ends before.
const most = math.MaxUint32 / 4

// packets is how many of the given size, in bytes, hold so many bytes, rounded up.
func packets(bytes, size float64) float64 { return math.Ceil(bytes / size) }

// clamp is a limit in packets that netem takes.
func clamp(packets float64) uint32 { return uint32(min(max(packets, 2), most)) }

// probability is netem's form of a probability p in [0,1].
func probability(p float64) uint32 {
	return uint32(math.Round(min(max(p, 0), 1) * math.MaxUint32))
}

// fraction is the inverse of probability, in [0,1].
func fraction(p uint32) float64 { return float64(p) / math.MaxUint32 }

func rateText(bytes uint64) string {
	if bytes == 0 || bytes >= unlimited {
		return "none"
	}
	return units.BitRate(bytes * 8).String()
}
