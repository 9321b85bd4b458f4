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
	rateBelow   = 0.05 // a host that is busy loses packets
	rateAbove   = 0.02 // nothing that runs makes a link faster
)

// exactRTT checks the best median of several tries of count echoes each.
func (b *Bench) exactRTT(from, to string, count int, want time.Duration) {
	b.t.Helper()
	late := exactLate
	if os.Getenv("FABRIC_LATENESS") != "" {
		late = lateness(b.t)
	}
	best := time.Duration(math.MaxInt64)
	for try := 1; try <= exactTries; try++ {
		best = min(best, quantile.Above(b.rtt(from, to, count), 0.5)-want)
		if best < -exactEarly {
			break // nothing else that runs makes a packet early
		}
		if best <= late {
			b.t.Logf("%s to %s: median %v beyond %v, at try %d", from, to, best, want, try)
			return
		}
	}
	b.t.Errorf("%s to %s: the best median round-trip time is %v off %v", from, to, best, want)
}

// carries checks a rate against a link's, at the best of several tries, which take warmup and 2 s each.
func (b *Bench) carries(what, from, to string, warmup time.Duration, rate units.BitRate, tolerance float64) {
	b.t.Helper()
	got := 0.0
	for range rateTries {
		got = max(got, b.goodput(from, to, warmup, 2*time.Second))
		if got >= float64(rate)*measure.HeaderShare*(1-tolerance) {
			break
		}
	}
	b.within(what, got, rate, tolerance)
}

// exactRate checks the best of several rates. More than the rate is a fault at once.
func (b *Bench) exactRate(from, to string, warmup, duration time.Duration, rate units.BitRate) {
	b.t.Helper()
	want, got := float64(rate)*measure.HeaderShare, 0.0
	for range rateTries {
		got = max(got, b.goodput(from, to, warmup, duration))
		if got >= want*(1-rateAbove) {
			break
		}
	}
	b.within(from+" to "+to, got, rate, rateBelow)
	above := rateAbove
	if os.Getenv("FABRIC_LATENESS") != "" {
		above = rateBelow
	}
	if got > want*(1+above) {
		b.t.Errorf("%s to %s: %.3f Mb/s, more than %.3f", from, to, got/1e6, want/1e6)
	}
}
