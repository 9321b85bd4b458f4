package orchestrator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/topology"
)

// Tolerance is what Verify forgives.
type Tolerance struct {
	RTTMedian time.Duration // of the median echo, absolute
	RTTTail   time.Duration // of the 99th percentile, absolute
	Rate      float64       // relative, up to FastRate
	RateFast  float64       // relative, above FastRate
}

// FastRate is the goodput, in bit/s, above which packets arrive faster than a laptop handles them one by one.
const FastRate = 500e6

// DefaultTolerance is what an idle machine keeps.
var DefaultTolerance = Tolerance{RTTMedian: 100 * time.Microsecond, RTTTail: 1500 * time.Microsecond, Rate: 0.02, RateFast: 0.10}

// Finding is one measurement held against its target.
type Finding struct {
	Probe    string  `json:"probe"` // rtt or rate
	Link     string  `json:"link"`
	Class    string  `json:"class"`
	From     string  `json:"from"`
	To       string  `json:"to"`
	Target   float64 `json:"target"`   // seconds, or bit/s of TCP payload
	Measured float64 `json:"measured"` // the median
	Tail     float64 `json:"tail"`     // rtt: the 99th percentile
	Error    float64 `json:"error"`    // rtt: seconds; rate: relative
	Verdict  string  `json:"verdict"`  // ok, off, or why there is none
	OK       bool    `json:"ok"`
}

// VerifyOptions say how much Verify measures.
type VerifyOptions struct {
	PerClass  int           // links of each class
	Pings     int           // echoes per link
	Duration  time.Duration // of each rate measurement, after warm-up
	Only      string        // rtt or rate: no other probe; empty: both
	Tolerance Tolerance
	Progress  func(done, total int, what string)
}

// Verify measures round-trip times and TCP rates across a sample of links of every class. It fails only
// where it could not measure; what it found is in the findings.
func (b *Bed) Verify(ctx context.Context, graph *topology.Topology, o VerifyOptions) ([]Finding, error) {
	var findings []Finding
	stations, err := b.Stations()
	if err != nil {
		return nil, err
	}
	probes := Probes(graph, stations, o.PerClass)
	for i, p := range probes {
		if o.Progress != nil {
			o.Progress(i, len(probes), p.Link)
		}
		from, err := b.Node(p.From.Name)
		if err != nil {
			return findings, err
		}
		to, err := b.Node(p.To.Name)
		if err != nil {
			return findings, err
		}
		if !p.RateOnly && o.Only != "rate" {
			samples, err := measure.RTT(ctx, from.Namespace(), p.To.Addr, echoes(o.Pings, p.RTT), echoInterval)
			if err != nil {
				return findings, fmt.Errorf("round trip %s to %s: %w", p.From.Name, p.To.Name, err)
			}
			findings = append(findings, judgeRTT(p, samples, o.Tolerance))
		}
		if p.Goodput == 0 || o.Only == "rtt" {
			continue
		}
		warmup := max(500*time.Millisecond, 15*p.RTT)
		rate, err := measure.Goodput(ctx, from.Namespace(), to.Namespace(), p.To.Addr, warmup, o.Duration, "")
		if err != nil {
			return findings, fmt.Errorf("rate %s to %s: %w", p.From.Name, p.To.Name, err)
		}
		findings = append(findings, judgeRate(p, rate, o.Tolerance))
	}
	return findings, nil
}

// Echoes follow one another; over long ways fewer of them are sent, but enough for a 99th percentile.
const (
	echoInterval = 5 * time.Millisecond
	echoTime     = 4 * time.Second
	fewestEchoes = 100
)

// echoes is how many of the echoes wanted are sent where each takes rtt.
func echoes(wanted int, rtt time.Duration) int {
	return min(wanted, max(fewestEchoes, int(echoTime/max(rtt, echoInterval))))
}

func (p Probe) finding(kind string) Finding {
	return Finding{Probe: kind, Link: p.Link, Class: p.Class, From: p.From.Name, To: p.To.Name}
}

func judgeRTT(p Probe, samples []time.Duration, tolerance Tolerance) Finding {
	f := p.finding("rtt")
	f.Target = p.RTT.Seconds()
	if len(samples) == 0 {
		f.Verdict = "no answer"
		return f
	}
	slices.Sort(samples)
	median, tail := quantile(samples, 0.5), quantile(samples, 0.99)
	f.Measured, f.Tail, f.Error = median.Seconds(), tail.Seconds(), (median - p.RTT).Seconds()
	switch {
	case (median - p.RTT).Abs() > tolerance.RTTMedian+p.Jitter/4: // the median of a uniform jitter strays, too
		f.Verdict = "median off by more than " + tolerance.RTTMedian.String()
	case tail-p.RTT > tolerance.RTTTail+p.Jitter:
		f.Verdict = "p99 off by more than " + tolerance.RTTTail.String()
	default:
		f.Verdict, f.OK = "ok", true
	}
	return f
}

// quantile is the nearest-rank quantile of sorted samples.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func judgeRate(p Probe, rate float64, tolerance Tolerance) Finding {
	f := p.finding("rate")
	f.Target, f.Measured = p.Goodput, rate
	f.Error = rate/p.Goodput - 1
	limit := tolerance.Rate
	if p.Goodput > FastRate {
		limit = tolerance.RateFast
	}
	f.OK = math.Abs(f.Error) <= limit
	f.Verdict = "ok"
	if !f.OK {
		f.Verdict = fmt.Sprintf("off by more than %g %%", limit*100)
	}
	return f
}
