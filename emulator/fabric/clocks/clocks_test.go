package clocks

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const us, ms = int64(time.Microsecond), int64(time.Millisecond)

// pair is two simulated clocks and the ways between them.
type pair struct {
	rng          *rand.Rand
	now          int64   // true time, ns
	ahead        int64   // of the other clock at 0
	drift        float64 // of the other clock
	there, back  int64   // ns
	jitter, busy int64   // each way takes up to so much longer; busy: now and then
	loss         float64
}

// other is what the other clock shows at a true time; one's own shows the true time.
func (p *pair) other(t int64) int64 { return t + p.ahead + int64(p.drift*float64(t)) }

func (p *pair) way(least int64) int64 {
	took := least + int64(p.rng.ExpFloat64()*float64(p.jitter))
	if p.busy > 0 && p.rng.IntN(3) == 0 {
		took += p.rng.Int64N(p.busy)
	}
	return took
}

// probe lets an interval pass, and returns the probe that was sent in it; ok is false where it was lost.
func (p *pair) probe() (q Probe, ok bool) {
	p.now += Interval
	received := p.now + p.way(p.there)
	answered := received + 3*us
	returned := answered + p.way(p.back)
	return Probe{p.now, p.other(received), p.other(answered), returned}, p.rng.Float64() >= p.loss
}

func TestOffsetsAreWithinTheirBounds(t *testing.T) {
	const shift = 1_200_000_000
	for _, c := range []struct {
		name   string
		pair   pair
		within int64 // ns beside the asymmetry's half, once the drift is known
	}{
		{"idle", pair{there: 30 * us, back: 30 * us, jitter: 5 * us}, 10 * us},
		{"1 ms", pair{ahead: shift, drift: 100e-6, there: ms, back: ms, jitter: 20 * us}, 30 * us},
		{"5 ms", pair{ahead: -shift, drift: -100e-6, there: 5 * ms, back: 5 * ms, jitter: 20 * us}, 30 * us},
		{"1 ms, asymmetric", pair{ahead: shift, drift: 100e-6, there: ms, back: ms + 200*us, jitter: 20 * us}, 30 * us},
		{"5 ms, asymmetric", pair{ahead: shift, drift: 100e-6, there: 5*ms + 200*us, back: 5 * ms, jitter: 20 * us}, 30 * us},
		{"busy", pair{ahead: shift, drift: 100e-6, there: ms, back: ms, jitter: 30 * us, busy: 3 * ms}, 60 * us},
		{"lossy", pair{ahead: shift, drift: 30e-6, there: ms, back: ms, jitter: 20 * us, loss: 0.4}, 40 * us},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.pair
			p.rng = rand.New(rand.NewPCG(1, uint64(len(c.name))))
			var e Estimator
			worst := int64(0)
			for i := range 6000 {
				q, ok := p.probe()
				if !ok {
					continue
				}
				now, got := q.Returned, e.Add(q)
				off := got.Ahead(now) - (p.other(now) - now)
				if off < 0 {
					off = -off
				}
				if bound := got.Error(now); off > bound {
					t.Fatalf("after %d probes off by %v, of at most %v", i, time.Duration(off), time.Duration(bound))
				}
				if i > 1000 {
					worst = max(worst, off)
				}
			}
			asymmetry := p.there - p.back
			if asymmetry < 0 {
				asymmetry = -asymmetry
			}
			if worst > asymmetry/2+c.within {
				t.Errorf("off by up to %v", time.Duration(worst))
			}
			got := e.estimate()
			if least := p.there + p.back; got.RoundTrip < least-us || got.Error(got.At) < asymmetry/2 {
				t.Errorf("round trip %v of at least %v", time.Duration(got.RoundTrip), time.Duration(least))
			}
		})
	}
}

// The drift is followed, also between probes: after a second of silence the offset is still right.
func TestDriftIsFollowedThroughSilence(t *testing.T) {
	p := pair{rng: rand.New(rand.NewPCG(7, 7)), drift: 100e-6, there: ms, back: ms, jitter: 10 * us}
	var e Estimator
	var got Estimate
	for range 1200 {
		q, _ := p.probe()
		got = e.Add(q)
	}
	if math.Abs(got.Drift-100e-6) > 5e-6 {
		t.Errorf("drift %g", got.Drift)
	}
	later := p.now + 1000*ms
	if off := got.Ahead(later) - (p.other(later) - later); off > 30*us || off < -30*us {
		t.Errorf("off by %v after a second", time.Duration(off))
	}
}

// A clock that was set is known again after Window probes, and its drift is not made of the step.
func TestAClockThatWasSet(t *testing.T) {
	p := pair{rng: rand.New(rand.NewPCG(3, 3)), there: ms, back: ms, jitter: 10 * us}
	var e Estimator
	for range 500 {
		q, _ := p.probe()
		e.Add(q)
	}
	p.ahead += 1000 * ms
	var got Estimate
	for range 2 * Window {
		q, _ := p.probe()
		got = e.Add(q)
	}
	if off := got.Ahead(p.now) - p.ahead; off > 100*us || off < -100*us || math.Abs(got.Drift) > MaxDrift {
		t.Errorf("off by %v, drift %g", time.Duration(off), got.Drift)
	}
}

func TestNothingIsKnownBeforeTheFirstProbe(t *testing.T) {
	var e Estimator
	if got := e.Add(Probe{Sent: 5, Returned: 4}); got != (Estimate{}) {
		t.Errorf("%+v of a probe that came back before it was sent", got)
	}
	if got := e.Add(Probe{Sent: 1, Received: math.MaxInt64, Answered: math.MaxInt64, Returned: 3}); got.Probes != 0 {
		t.Errorf("%+v of an instant that cannot be", got)
	}
	if got := e.Add(Probe{100, 1050, 1060, 210}); got.Ahead(155) != 900 || got.RoundTrip != 100 || got.Error(155) != 50 {
		t.Errorf("%+v", got)
	}
}

// Whatever another machine answers, an estimate is finite, and its drift within MaxDrift.
func FuzzEstimator(f *testing.F) {
	f.Add(int64(0), int64(1), int64(2), int64(100), int64(7))
	f.Add(int64(math.MaxInt64), int64(math.MinInt64), int64(-1), int64(1), int64(0))
	f.Fuzz(func(t *testing.T, received, answered, step, took, wobble int64) {
		var e Estimator
		for i := range int64(300) {
			sent := i * Interval
			got := e.Add(Probe{sent, received + i*step, answered + i*(step+wobble), sent + took})
			if !(math.Abs(got.Drift) <= MaxDrift) || !(got.Unsure >= 0 && got.Unsure <= 2*MaxDrift) {
				t.Fatalf("%+v", got)
			}
		}
	})
}
