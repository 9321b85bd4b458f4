package linktrace

import (
	"math"
	"sort"
)

// place is where an instant lies in a trace of knots: in which turn, behind which knot, and how long behind it.
func (t *Trace) place(at int64) (turn int64, knot int, behind int64) {
	period := t.Knots[len(t.Knots)-1].At
	if !t.Hold {
		turn = floorDiv(at, period)
		at -= turn * period
	}
	if at < 0 {
		return 0, 0, 0 // it holds, and has not begun
	}
	knot = sort.Search(len(t.Knots), func(i int) bool { return t.Knots[i].At > at }) - 1
	return turn, knot, at - t.Knots[knot].At
}

// share is how far an instant behind a knot is on the way to the next.
func (t *Trace) share(knot int, behind int64) float64 {
	if !t.Linear || knot+1 == len(t.Knots) {
		return 0
	}
	return float64(behind) / float64(t.Knots[knot+1].At-t.Knots[knot].At)
}

// At is how the link is at an instant, in ns from the trace's start: what Columns says of it.
func (t *Trace) At(instant int64) Knot {
	_, i, behind := t.place(instant)
	k := t.Knots[i]
	if s := t.share(i, behind); s > 0 {
		k = between(&k, &t.Knots[i+1], s)
	}
	k.At = instant
	return k
}

// between is a knot of the share s of the way from one to another; its time is that of the first.
func between(a, b *Knot, s float64) Knot {
	k := *a
	whole := func(a, b int64) int64 { return a + int64(math.Round(float64(b-a)*s)) }
	k.Rate += (b.Rate - k.Rate) * s
	k.Loss += (b.Loss - k.Loss) * s
	k.Delay, k.Queue = whole(k.Delay, b.Delay), whole(k.Queue, b.Queue)
	k.Jitter = min(whole(k.Jitter, b.Jitter), k.Delay)
	return k
}

// carried is how many bits the link carries in so many ns behind a knot.
func (t *Trace) carried(knot int, behind int64) float64 {
	rate := t.Knots[knot].Rate
	if s := t.share(knot, behind); s > 0 {
		rate += (t.Knots[knot+1].Rate - rate) * s / 2
	}
	return rate * float64(behind) / 1e9
}

// amount is how much the link has carried at most at an instant: whole turns, and bits besides.
func (t *Trace) amount(at int64) (turns int64, bits float64) {
	turn, i, behind := t.place(at)
	return turn, t.bits[i] + t.carried(i, behind)
}

// when is the first instant at which a turn, from its begin on, has carried so many bits.
func (t *Trace) when(turn int64, bits float64) int64 {
	last := len(t.Knots) - 1
	i := sort.SearchFloat64s(t.bits, bits) - 1 // the knot before: less has been carried there
	if i < 0 {
		return turn * t.Knots[last].At
	}
	return turn*t.Knots[last].At + t.Knots[i].At + t.takes(i, bits-t.bits[i])
}

// takes is how many ns behind a knot it takes to carry so many bits.
func (t *Trace) takes(knot int, bits float64) int64 {
	rate := t.Knots[knot].Rate
	if !t.Linear || knot+1 == len(t.Knots) {
		return int64(math.Ceil(bits / rate * 1e9))
	}
	span := t.Knots[knot+1].At - t.Knots[knot].At
	slope := (t.Knots[knot+1].Rate - rate) / (float64(span) / 1e9) // bit/s²
	root := math.Sqrt(max(rate*rate+2*bits*slope, 0))
	return min(int64(math.Ceil(2*bits/(rate+root)*1e9)), span)
}

// fluid is the state of a queue that sends at a rate which changes: how much of what the link could carry is used.
type fluid struct {
	turn int64
	bits float64
}

// send takes a packet that is there at an instant, of so many bytes, and says when it departs. busy is when the one
// before it did.
func (f *fluid) send(t *Trace, busy, at, bytes int64) int64 {
	if busy < at {
		f.turn, f.bits = t.amount(at)
	}
	f.bits += float64(8 * bytes)
	if whole := t.bits[len(t.bits)-1]; !t.Hold && f.bits > whole {
		turns := math.Ceil(f.bits/whole) - 1
		f.turn += int64(turns)
		f.bits -= turns * whole
	}
	return t.when(f.turn, f.bits)
}

// backlog is how many bytes are to depart after an instant before busy.
func (f *fluid) backlog(t *Trace, now int64) int64 {
	turn, bits := t.amount(now)
	ahead := float64(f.turn-turn)*t.bits[len(t.bits)-1] + f.bits - bits
	return int64(math.Ceil(max(ahead, 0) / 8))
}
