package verify

import (
	"fmt"
	"math"
	"slices"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/quantile"
	"time"
)

// Finding is one measurement held against its target, or the reason why there is none.
type Finding struct {
	Probe string `json:"probe"`        // rtt or rate; empty: of a link that carries nothing
	IP    int    `json:"ip,omitempty"` // version of IP that it is over, 4 or 6; 0: of a link that carries nothing
	Link  string `json:"link"`         // or links, of those that carry nothing for one reason
	Class string `json:"class"`
	From  string `json:"from"`
	To    string `json:"to"`
	// FromMachine and ToMachine are the IDs of the machines that the stations are on; empty: this one.
	FromMachine string  `json:"from_machine,omitempty"`
	ToMachine   string  `json:"to_machine,omitempty"`
	Target      float64 `json:"target"`   // seconds, or bit/s of payload, TCP's or, on a trace, UDP's; 0: there is none
	Measured    float64 `json:"measured"` // the median
	Tail        float64 `json:"tail"`     // rtt: the 99th percentile
	Error       float64 `json:"error"`    // rtt: seconds; rate: relative
	Verdict     string  `json:"verdict"`  // ok, what is off, or why there is no measurement
	OK          bool    `json:"ok"`
	Bound       bool    `json:"bound,omitempty"`   // the target is the most that may be measured, not what should be
	Skipped     bool    `json:"skipped,omitempty"` // nothing was measured, and that is no fault
	// Unmeasured says that nothing could be measured, and that nothing which is wanted of the network is the reason.
	Unmeasured bool `json:"unmeasured,omitempty"`
}

// Off says whether the finding is of a fault: measured, and not as it should be.
func (f Finding) Off() bool { return !f.OK && !f.Skipped && !f.Unmeasured }

// tells ranks what a finding is of: nothing, nothing that came through, or a measurement.
func (f Finding) tells() int {
	switch {
	case f.Skipped || f.Unmeasured:
		return 0
	case f.Measured == 0:
		return 1
	}
	return 2
}

// better says of two tries, of which neither is as it should be, whether the one tells more than the other.
func (f Finding) better(other Finding) bool {
	if a, b := f.tells(), other.tells(); a != b {
		return a > b
	}
	return math.Abs(f.Error) < math.Abs(other.Error)
}

func (p Probe) finding(kind string) Finding {
	return Finding{Probe: kind, IP: p.IP, Link: p.Link, Class: p.Class, From: p.From.Name, To: p.To.Name}
}

func (p Probe) skipped(kind, why string) Finding {
	f := p.finding(kind)
	f.Verdict, f.Skipped = "not measured: "+why, true
	return f
}

// unmeasured is the finding of what should be measurable and is not.
func (p Probe) unmeasured(kind, why string) Finding {
	f := p.finding(kind)
	f.Verdict, f.Unmeasured = "not measured: "+why, true
	return f
}

// nothing is the finding of a rate of 0, where what was sent over a connection did not arrive.
func (p Probe) nothing(target float64) Finding {
	f := p.finding("rate")
	f.Target, f.Error, f.Bound = target, -1, p.Bounded()
	f.Verdict = "a connection is made, and nothing that is sent over it arrives"
	return f
}

func judgeRTT(p Probe, samples []time.Duration, sent int, tolerance Tolerance) Finding {
	f := p.finding("rtt")
	f.Target = p.RTT.Seconds()
	if len(samples) == 0 {
		f.Verdict = "no answer"
		return f
	}
	slices.Sort(samples)
	median, tail := quantile.Nearest(samples, 0.5), quantile.Nearest(samples, 0.99)
	f.Measured, f.Tail, f.Error = median.Seconds(), tail.Seconds(), (median - p.RTT).Seconds()
	switch {
	case (median - p.RTT).Abs() > tolerance.RTTMedian+p.Jitter/4: // the median of a uniform jitter strays, too
		f.Verdict = "median off by more than " + tolerance.RTTMedian.String()
	case tail-p.RTT > tolerance.RTTTail+p.Jitter:
		f.Verdict = "p99 off by more than " + tolerance.RTTTail.String()
	case !p.losesAsWanted(sent-len(samples), sent):
		f.Verdict = fmt.Sprintf("%d of %s lost, expected %s", sent-len(samples), printable.Count(sent, "echo"),
			p.expected(sent))
	default:
		f.Verdict, f.OK = "ok", true
	}
	return f
}

// losesAsWanted says whether so many of the echoes may be lost. Of those in which a bit is flipped some count as
// answered.
func (p Probe) losesAsWanted(lost, sent int) bool {
	return !tooFew(lost, sent, p.EchoLoss) && !tooMany(lost, sent, p.EchoLoss+p.EchoSpoilt)
}

// expected is how many echoes are to be lost.
func (p Probe) expected(sent int) string {
	least, most := float64(sent)*p.EchoLoss, float64(sent)*(p.EchoLoss+p.EchoSpoilt)
	if most > least {
		return fmt.Sprintf("%.1f to %.1f", least, most)
	}
	return fmt.Sprintf("%.1f", least)
}

// tooMany allows five standard deviations and one event more, as rare events come in numbers that stray upward: where
// none is to be, one that a busy host was too late for.
func tooMany(events, trials int, probability float64) bool {
	return float64(events) > float64(trials)*probability+5*deviation(trials, probability)+1
}

// tooFew allows four standard deviations less.
func tooFew(events, trials int, probability float64) bool {
	return float64(events) < float64(trials)*probability-4*deviation(trials, probability)
}

func deviation(trials int, probability float64) float64 {
	return math.Sqrt(float64(trials) * probability * (1 - probability))
}

// rate is the tolerance of a rate.
func (t Tolerance) rate(goodput float64) float64 {
	if goodput > FastRate {
		return t.RateFast
	}
	return t.Rate
}

func judgeRate(p Probe, rate float64, tolerance Tolerance) Finding {
	f := p.finding("rate")
	f.Target, f.Measured = p.Goodput, rate
	f.Error = rate/p.Goodput - 1
	limit := tolerance.rate(p.Goodput)
	fits := rate <= p.most()*(1+limit)
	f.OK = fits && f.Error >= -limit
	if p.Short {
		f.Bound, f.OK = true, fits && rate > 0
	}
	switch {
	case f.OK && p.Short:
		f.Verdict = "ok: at most the target, as the queue is too short for one connection to fill the link"
	case !f.OK:
		f.Verdict = fmt.Sprintf("off by more than %g %%", limit*100)
	case p.Limit != p.Link:
		f.Verdict = "ok; the limit is " + p.Limit
	default:
		f.Verdict = "ok"
	}
	return f
}

// judgeBound holds a rate against the most that it may be. The bound that losses set is one of the mean: what is
// measured under few of them strays, by its inverse square root.
func judgeBound(p Probe, rate, losses float64, tolerance Tolerance) Finding {
	f := p.finding("rate")
	f.Target, f.Measured, f.Bound = p.Bound(), rate, true
	f.Error = rate/f.Target - 1
	link := p.Goodput == 0 || rate <= p.most()*(1+tolerance.rate(p.Goodput))
	losing := f.Target == p.Goodput || f.Error <= 3/math.Sqrt(max(losses, 9))
	f.OK = rate > 0 && link && losing
	f.Verdict = fmt.Sprintf("ok: at most the target, at %.2g %% loss", 100*p.Loss)
	if !f.OK {
		f.Verdict = fmt.Sprintf("more than TCP can have at %.2g %% loss", 100*p.Loss)
	}
	return f
}
