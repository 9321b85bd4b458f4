// Package clocks estimates how far the clock of another machine is ahead of one's own, from probes that are answered.
//
// A probe leaves at Sent and its answer is back at Returned, by one's own clock; the other machine reads it at Received
// and answers at Answered, by its own (NTP's four instants, RFC 5905). Whatever the ways there and back take, the
// offset is within half of the round trip, without the time at the other machine, of the middle:
//
//	other's  ---------------- Received .... Answered ----------------> time
//	                       /                        \
//	own      ------- Sent ---------------------------- Returned -----> time
//
// Of recent probes the one with the least round trip counts, for queues and busy processors only add to it. Clocks
// drift apart, by up to a hundred millionths: the drift is estimated over ten seconds, and followed between probes.
//
// What no probe can tell is by how much one way takes longer than the other: a difference of d makes the offset wrong
// by d/2, which lies within Error always. One-way times across machines are wrong by as much, round trips are right.
package clocks

import "math"

const (
	// Window is of how many probes the one with the least round trip counts.
	Window = 64
	// Interval is the time between two probes, ns.
	Interval = 10_000_000
	// MaxDrift is by how much clocks drift apart at most, in ns a ns: more than NTP allows a clock (RFC 5905, 500 ppm).
	MaxDrift = 500e-6

	anchorEvery = Window / 2 // probes
	maxAnchors  = 32         // of anchorEvery probes each: 10 s
	leastSpan   = 3          // anchors before a drift is estimated
)

// Probe is one that was answered: four instants in ns, Sent and Returned by one's own clock, Received and Answered by
// the other machine's.
type Probe struct{ Sent, Received, Answered, Returned int64 }

// RoundTrip is how long it was under way, in ns, both ways together.
func (p Probe) RoundTrip() int64 { return (p.Returned - p.Sent) - (p.Answered - p.Received) }

// offset is by how much, in ns, the other clock is ahead if both ways take equally long.
func (p Probe) offset() int64 {
	return p.Received - p.Sent - p.RoundTrip()/2
}

// middle is the instant, by one's own clock, that the offset is of.
func (p Probe) middle() int64 { return p.Sent + (p.Returned-p.Sent)/2 }

// valid says whether its instants can be: a machine that cannot be trusted made two of them.
func (p Probe) valid() bool {
	const most = int64(math.MaxInt64 / 4)
	for _, t := range []int64{p.Sent, p.Received, p.Answered, p.Returned} {
		if t < -most || t > most {
			return false
		}
	}
	return p.Returned >= p.Sent && p.Answered >= p.Received && p.RoundTrip() >= 0
}

// Estimate is what is known of another machine's clock. The zero value says that nothing is.
type Estimate struct {
	At        int64   // instant of one's own clock that Offset is of, ns
	Offset    int64   // by how much the other clock is ahead, ns
	Drift     float64 // by how much it runs faster, in ns a ns
	RoundTrip int64   // the least of the last Window probes, ns
	// Unsure is by how much Drift may be wrong, in ns a ns, as long as the clocks' rates are constant over ten seconds.
	Unsure float64
	Probes uint64 // answered so far; 0: nothing is known
}

// Ahead is by how much, in ns, the other clock is ahead at an instant of one's own.
func (e *Estimate) Ahead(at int64) int64 { return e.Offset + int64(e.Drift*float64(at-e.At)) }

// Error is the most, in ns, by which Ahead can be wrong at that instant: half of the round trip, which is so much only
// where all of it was spent on one way, and what the drift may have added since.
func (e *Estimate) Error(at int64) int64 {
	return (e.RoundTrip+1)/2 + int64(e.Unsure*math.Abs(float64(at-e.At)))
}

// anchor is the best of anchorEvery probes, from which the drift is estimated.
type anchor struct{ at, offset, half int64 }

// Estimator makes estimates of probes. The zero value is ready. It belongs to one goroutine.
type Estimator struct {
	recent  [Window]Probe // a ring
	count   uint64        // of probes added
	anchors []anchor      // the oldest first
	drift   float64
	unsure  float64
}

// Add takes a probe in, and returns what is known with it. Probes are added in the order in which they were answered.
// One whose instants contradict each other changes nothing.
func (e *Estimator) Add(p Probe) Estimate {
	if !p.valid() {
		return e.estimate()
	}
	e.recent[e.count%Window] = p
	if e.count++; e.count%anchorEvery == 0 {
		e.anchor()
	}
	return e.estimate()
}

// estimate is what the last Window probes say.
func (e *Estimator) estimate() Estimate {
	if e.count == 0 {
		return Estimate{}
	}
	best := e.best(Window)
	unsure := e.unsure
	if len(e.anchors) < leastSpan {
		unsure = MaxDrift
	}
	return Estimate{At: best.middle(), Offset: best.offset(), Drift: e.drift, RoundTrip: best.RoundTrip(),
		Unsure: unsure, Probes: e.count}
}

// best is the probe with the least round trip of the last n, the latest of equal ones.
func (e *Estimator) best(n uint64) Probe {
	n = min(n, e.count)
	best := e.recent[(e.count-1)%Window]
	for i := uint64(2); i <= n; i++ {
		if p := e.recent[(e.count-i)%Window]; p.RoundTrip() < best.RoundTrip() {
			best = p
		}
	}
	return best
}

// anchor keeps the best of the last probes, and estimates the drift anew. Where the anchors contradict each other a
// clock has changed its rate, or was set: what was before counts no longer.
func (e *Estimator) anchor() {
	best := e.best(anchorEvery)
	if len(e.anchors) == maxAnchors {
		e.anchors = append(e.anchors[:0], e.anchors[1:]...)
	}
	e.anchors = append(e.anchors, anchor{best.middle(), best.offset(), (best.RoundTrip() + 1) / 2})
	low, high, ok := bounds(e.anchors)
	if !ok {
		e.anchors = append(e.anchors[:0], e.anchors[len(e.anchors)-1])
		e.drift, e.unsure = 0, MaxDrift
		return
	}
	if len(e.anchors) < leastSpan {
		return
	}
	e.drift = min(max(slope(e.anchors), low), high)
	e.unsure = max(high-e.drift, e.drift-low)
}

// bounds are the least and the largest drift with which all anchors agree; ok is false where there is none: each
// anchor's offset is within half of its round trip of what it was.
func bounds(all []anchor) (low, high float64, ok bool) {
	low, high = -MaxDrift, MaxDrift
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			span := float64(all[j].at - all[i].at)
			if span <= 0 {
				return 0, 0, false
			}
			apart, half := float64(all[j].offset-all[i].offset), float64(all[i].half+all[j].half)
			low, high = max(low, (apart-half)/span), min(high, (apart+half)/span)
		}
	}
	return low, high, low <= high
}
