package fabrictest

import (
	"math"
	"os"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/units"
)

// What a fabric keeps, on a host that has nothing else to do, at least once in so many tries on one that has: what
// else runs can only make a packet late and a rate low. Emulated processors, for which $FABRIC_LATENESS says what
// they keep, are held to the older bounds.
const (
	exactTries  = 30
	medianTries = 5
	exactLate   = 200 * time.Microsecond
	exactEarly  = 100 * time.Microsecond
	rateTries   = 5
	echoTries   = 3
	rateBelow   = 0.05 // a host that is busy loses packets
	rateAbove   = 0.02 // nothing that runs makes a link faster
)

// emulated says that the processors are emulated ones.
func emulated() bool { return os.Getenv("FABRIC_LATENESS") != "" }

// carried is a rate that the processors carry: emulated ones, on a host that has other work, a quarter of what a link
// is mostly given here.
func carried(rate units.BitRate) units.BitRate {
	if emulated() {
		return rate / 4
	}
	return rate
}

// exactRTT checks the best median of several tries of count echoes each.
func (b *Bench) exactRTT(from, to string, count int, want time.Duration) {
	b.t.Helper()
	late := exactLate
	if emulated() {
		late = lateness(b.t)
	}
	b.bestMedian(from+" to "+to, from, to, count, exactTries, want, bound{exactEarly, late})
}

// bound is how far from its target a round-trip time may be.
type bound struct{ early, late time.Duration }

// bestMedian checks the best median of several tries of count echoes each. Packets that are early are a fault at once,
// for nothing else that runs makes them so.
func (b *Bench) bestMedian(what, from, to string, count, tries int, want time.Duration, within bound) {
	b.t.Helper()
	best := time.Duration(math.MaxInt64)
	for try := 1; try <= tries && best >= -within.early; try++ {
		times := b.rtt(from, to, count)
		best = min(best, quantile.Above(times, 0.5)-want)
		if best >= -within.early && best <= within.late {
			b.t.Logf("%s: median %v beyond %v, at try %d; p99 %v", what, best, want, try, quantile.Above(times, 0.99)-want)
			return
		}
	}
	b.t.Errorf("%s: the best median round-trip time is %v off %v", what, best, want)
}

// carries checks a rate against a link's, at the best of several tries, which take warmup and 2 s each.
func (b *Bench) carries(what, from, to string, warmup time.Duration, rate units.BitRate, tolerance float64) {
	b.t.Helper()
	least := float64(rate) * measure.HeaderShare * (1 - tolerance)
	b.within(what, b.bestGoodput(from, to, warmup, 2*time.Second, least), rate, tolerance)
}

// bestGoodput is the best of several rates, the first that is no less than least.
func (b *Bench) bestGoodput(from, to string, warmup, duration time.Duration, least float64) float64 {
	b.t.Helper()
	got := 0.0
	for try := 1; try <= rateTries && got < least; try++ {
		got = max(got, b.Goodput(from, to, warmup, duration))
	}
	return got
}

// exactRate checks the best of several rates. A link that is faster than it should be is so at every try; at one that
// follows upon a pause of the host, what waited counts, too.
func (b *Bench) exactRate(from, to string, warmup, duration time.Duration, rate units.BitRate) {
	b.t.Helper()
	want := float64(rate) * measure.HeaderShare
	above := rateAbove
	if emulated() {
		above = rateBelow
	}
	got := 0.0
	for try := 1; try <= rateTries && (got < want*(1-rateAbove) || got > want*(1+above)); try++ {
		got = nearer(rate, got, b.Goodput(from, to, warmup, duration))
	}
	b.within(from+" to "+to, got, rate, rateBelow)
	if got > want*(1+above) {
		b.t.Errorf("%s to %s: %.3f Mb/s, more than %.3f", from, to, got/1e6, want/1e6)
	}
}
