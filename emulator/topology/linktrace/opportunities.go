package linktrace

import "slices"

// Opportunities are numbered through all turns of a trace: number n is that of index n mod the number of them, in turn
// n / the number of them; so negative ones are before the trace's start.

// at is when an opportunity is, in ns from the trace's start.
func (t *Trace) at(number int64) int64 {
	n := int64(len(t.Opportunities))
	turn := floorDiv(number, n)
	return (turn*int64(t.Opportunities[n-1]) + int64(t.Opportunities[number-turn*n])) * millisecond
}

// from is the first opportunity at an instant, or later.
func (t *Trace) from(instant int64) int64 {
	n := int64(len(t.Opportunities))
	period := int64(t.Opportunities[n-1])
	ms := -floorDiv(-instant, millisecond) // rounded up
	turn := floorDiv(ms, period)
	rest := ms - turn*period
	if rest == 0 { // those at the end of the turn before are at the same instant
		turn, rest = turn-1, period
	}
	i, _ := slices.BinarySearch(t.Opportunities, uint32(rest))
	return turn*n + int64(i)
}

// opportunist is the state of a queue that sends by opportunities: each takes 1500 bytes of what waits then, of as many
// packets as there are; what does not fit goes on with the next one. What nobody has used is lost. So does mahimahi.
type opportunist struct {
	last int64 // opportunity in which the last packet departed
	left int64 // bytes of it that are unused
}

// send takes a packet that is there at an instant, of so many bytes of IP, and says when it departs. busy is when the
// one before it did.
func (o *opportunist) send(t *Trace, busy, at, bytes int64) int64 {
	if busy < at {
		o.last, o.left = t.from(at)-1, 0
		if at == 0 { // no turn has ended where the trace begins
			o.last = -1
		}
	}
	if bytes <= o.left { // it is served at once with the one before
		o.left -= bytes
		return busy
	}
	need := bytes - o.left
	more := (need + Opportunity - 1) / Opportunity
	o.last, o.left = o.last+more, more*Opportunity-need
	return t.at(o.last)
}

// backlog is how many bytes are to depart after an instant before busy.
func (o *opportunist) backlog(t *Trace, now int64) int64 {
	return (o.last-t.from(now+1)+1)*Opportunity - o.left
}

// opportunitiesIn is how many opportunities there are from an instant until just before another one.
func (t *Trace) opportunitiesIn(from, to int64) int64 { return t.from(to) - t.from(from) }
