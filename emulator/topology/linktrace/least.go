package linktrace

import (
	"math"
	"time"
)

// bounds are what the delays of a trace's knots do not go beyond, ns.
type bounds struct{ delay, jitter, both int64 }

// bounded looks through the knots. On the way from one to the next values are between the two.
func (t *Trace) bounded() bounds {
	b := bounds{delay: math.MaxInt64, both: math.MaxInt64}
	for i := range t.Knots {
		k := &t.Knots[i]
		b.delay, b.jitter = min(b.delay, k.Delay), max(b.jitter, k.Jitter)
		b.both = min(b.both, k.Delay-k.Jitter)
	}
	return b
}

// Least is the shortest time by which packets are delayed in the course of the trace, or by its distribution. delay and
// jitter are the link's own, for what the trace does not give.
func (t *Trace) Least(delay, jitter time.Duration) time.Duration {
	if t.Spread != nil {
		return time.Duration(t.Spread.Least())
	}
	least := delay - jitter
	switch t.Columns & (Delay | Jitter) {
	case Delay | Jitter:
		least = time.Duration(t.bounds.both)
	case Delay:
		least = time.Duration(t.bounds.delay) - jitter
	case Jitter:
		least = delay - time.Duration(t.bounds.jitter)
	}
	return max(0, least)
}
