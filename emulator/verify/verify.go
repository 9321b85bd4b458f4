// Package verify measures the links of a testbed that is up, and holds what it finds against what they should be: the
// round-trip time and the TCP rate of a sample of every class of links.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/netns"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
	"testbed/emulator/verify/across"
)

// Tolerance is what a measurement may be off by.
type Tolerance struct {
	RTTMedian time.Duration // of the median echo, absolute
	RTTTail   time.Duration // of the 99th percentile, absolute
	Rate      float64       // relative, up to FastRate
	RateFast  float64       // relative, above FastRate
}

// FastRate is the goodput, in bit/s, above which packets arrive faster than a laptop handles them one by one.
const FastRate = 500e6

// DefaultTolerance is what an idle machine keeps.
var DefaultTolerance = Tolerance{RTTMedian: 100 * time.Microsecond, RTTTail: 1500 * time.Microsecond,
	Rate: 0.02, RateFast: 0.10}

// CutTolerance is by how much more a round trip of a testbed on several machines may be off: what goes from one
// machine to another one is held there until it is due, by a clock whose offset is known to some tens of µs.
const CutTolerance = 100 * time.Microsecond

// Options say how much Links measures.
type Options struct {
	PerClass  int           // links of each class
	Pings     int           // echoes per link
	Duration  time.Duration // of each rate measurement at least, after warm-up
	Only      string        // rtt or rate: no other probe; empty: both
	IP        int           // 4 or 6: over no other version of IP; 0: rates over the functions', round trips over both
	Tolerance Tolerance
	Progress  func(done, total int, what string)
}

// Links measures round-trip times and TCP rates across a sample of links of every class, and holds them
// against the network in force: the scenario's with all changes since. Where a link is down or cut off, or what
// is wanted of it cannot be measured, its finding says so, and one more names the nodes that do not run. Links fails
// only where it could not measure what should be measurable: its error is all that kept it from that, and what else was
// found comes with it. A nil prober sends packets, on the machines that the stations are on.
func Links(ctx context.Context, b *orchestrator.Bed, prober Prober, o Options) ([]Finding, error) {
	n, err := b.Wanted()
	if err != nil {
		return nil, err
	}
	spaces := map[string]netns.Ref{}
	var dead []string
	for _, s := range n.Stations {
		name := n.Topology.Vertices[s.ID].Name
		if node, err := b.Node(name); err == nil {
			spaces[name] = node.Namespace()
		} else {
			dead = append(dead, name)
		}
	}
	if prober == nil {
		prober = across.Prober{At: b.At}
	}
	if several(spaces) {
		o.Tolerance.RTTMedian += CutTolerance
		o.Tolerance.RTTTail += CutTolerance
	}
	ip := 4
	if b.Journal.IPv6 {
		ip = 6
	}
	v := verifier{Options: o, ip: cmp.Or(o.IP, ip), both: o.IP == 0, spaces: spaces, echo: prober.RTT,
		goodput: prober.Goodput}
	if f, ok := prober.(Flooder); ok {
		v.flood = onOneClock(b.Fabric, f.Flood)
	}
	v.began = func(ctx context.Context, c topology.Channel) (int64, error) {
		status, err := b.Fabric.Inspect(ctx)
		if err != nil {
			return 0, err
		}
		return beginning(n, status, c)
	}
	findings, err := v.all(ctx, n, dead)
	for i := range findings {
		f := &findings[i]
		f.FromMachine, f.ToMachine = spaces[f.From].Machine, spaces[f.To].Machine
	}
	return findings, err
}

// several says whether the namespaces are on more than one machine.
func several(spaces map[string]netns.Ref) bool {
	on := map[string]bool{}
	for _, s := range spaces {
		on[s.Machine] = true
	}
	return len(on) > 1
}

// beginning is when the trace began that a queue follows, ns of CLOCK_MONOTONIC; 0: the fabric carries its mean.
func beginning(n fabric.Network, status fabric.Status, c topology.Channel) (int64, error) {
	for _, q := range status.Queues {
		switch id, ok := n.Topology.Lookup(q.Link); {
		case !ok || id != c.Link || q.Dir != c.Dir:
		case q.Trace != "" && q.Began == 0:
			return 0, errors.New(cmp.Or(q.Note, "the fabric does not tell when its trace began"))
		default:
			return q.Began, nil
		}
	}
	return 0, nil
}

// verifier measures probes, by a Prober's functions.
type verifier struct {
	Options
	ip      int  // the version that rates are of; 0: 4
	both    bool // round trips are measured over the other one as well
	spaces  map[string]netns.Ref
	echo    echoFunc
	goodput goodputFunc
	flood   floodFunc // nil: nobody can
	began   func(context.Context, topology.Channel) (int64, error)
}

type (
	echoFunc = func(ctx context.Context, from netns.Ref, to netip.Addr, count int,
		interval time.Duration) ([]time.Duration, error)
	goodputFunc = func(ctx context.Context, from, to netns.Ref, addr netip.Addr,
		warmup, duration time.Duration, congestion string) (float64, error)
	floodFunc = func(ctx context.Context, from, to netns.Ref, addr netip.Addr,
		size int, rate float64, lasts time.Duration) ([]int64, error)
)

// mostFailures is after how many failures that follow one another the rest is given up: it is not the links then.
const mostFailures = 3

func (v verifier) all(ctx context.Context, n fabric.Network, dead []string) ([]Finding, error) {
	var findings []Finding
	if len(dead) > 0 {
		findings = append(findings, Probe{From: orchestrator.Station{Name: strings.Join(dead, ", ")}}.unmeasured("",
			notRunning+", although it should"))
	}
	var failed []error
	inTurn := 0
	probes := probesOver(cmp.Or(v.ip, 4), n, v.PerClass, dead)
	for i, p := range probes {
		if v.Progress != nil {
			v.Progress(i, len(probes), p.Link)
		}
		for _, measure := range v.wanted(p) {
			found, err := measure(ctx, p)
			findings = append(findings, found...)
			if err == nil {
				inTurn = 0
				continue
			}
			failed = append(failed, err)
			if inTurn++; inTurn == mostFailures || ctx.Err() != nil {
				return findings, errors.Join(failed...)
			}
		}
	}
	return findings, errors.Join(failed...)
}

// measuring is one measurement of a probe. What was found comes with an error as well.
type measuring = func(context.Context, Probe) ([]Finding, error)

// wanted are those to be made of a probe.
func (v verifier) wanted(p Probe) (all []measuring) {
	if p.Skip != "" {
		return []measuring{func(context.Context, Probe) ([]Finding, error) {
			if p.Fault {
				return []Finding{p.unmeasured("", p.Skip)}, nil
			}
			return []Finding{p.skipped("", p.Skip)}, nil
		}}
	}
	if !p.RateOnly && v.Only != "rate" {
		all = append(all, v.roundTrips)
	}
	if v.Only != "rtt" {
		all = append(all, v.rates)
	}
	return all
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

// beside is how many of the echoes go over the version of IP that functions are not called by: enough to see that it
// has the same links.
const (
	beside       = 0.2
	fewestBeside = 20
)

// roundTrips are those of a probe, over one version of IP or both.
func (v verifier) roundTrips(ctx context.Context, p Probe) (all []Finding, err error) {
	if p.NoRTT != "" {
		return []Finding{p.skipped("rtt", p.NoRTT)}, nil
	}
	sent := echoes(v.Pings, p.RTT)
	f, err := v.roundTrip(ctx, p.over(p.IP), sent)
	if err == nil {
		all = append(all, f)
	}
	if !v.both || ctx.Err() != nil {
		return all, p.named("round trip", err)
	}
	other := p.over(10 - p.IP)
	g, failed := v.roundTrip(ctx, other, min(sent, max(fewestBeside, int(beside*float64(sent)))))
	if errors.Is(failed, measure.ErrNoIPv6) {
		g, failed = other.skipped("rtt", measure.ErrNoIPv6.Error()), nil
	}
	if failed == nil {
		all = append(all, g)
	}
	return all, p.named("round trip", errors.Join(err, failed))
}

// named says of which measurement an error is.
func (p Probe) named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s to %s: %w", what, p.From.Name, p.To.Name, err)
}

func (v verifier) roundTrip(ctx context.Context, p Probe, sent int) (Finding, error) {
	var best Finding
	for try := range roundTripTries {
		samples, err := v.echo(ctx, v.spaces[p.From.Name], p.to(), sent, echoInterval)
		if err != nil {
			return Finding{}, err
		}
		f := judgeRTT(p, samples, sent, v.Tolerance)
		if f.OK {
			return f, nil
		}
		if try == 0 || f.better(best) {
			best = f
		}
	}
	return best, nil
}

// roundTripTries is how often round trips are measured until they are as they should be: other work on the host
// can only add to them, for a moment; what is off remains off.
const roundTripTries = 3

// rateTries is how often a rate is taken until it is as it should be. TCP may find a rate late, after
// losses that come together. A further try warms up four times as long, and what is off remains off.
const rateTries = 2

func (v verifier) rates(ctx context.Context, p Probe) ([]Finding, error) {
	f, err := v.rate(ctx, p)
	if err != nil {
		return nil, p.named("rate", err)
	}
	return []Finding{f}, nil
}

func (v verifier) rate(ctx context.Context, p Probe) (Finding, error) {
	if p.NoRate != "" {
		return p.skipped("rate", p.NoRate), nil
	}
	if p.Followed != nil {
		if began, err := v.began(ctx, p.Followed.Channel); err != nil {
			return Finding{}, err
		} else if began != 0 {
			return v.traced(ctx, p)
		}
	}
	if p.Bounded() {
		return v.bounded(ctx, p)
	}
	warmup := max(500*time.Millisecond, 15*p.RTT)
	// A window much longer than the delays: at its ends packets may be early or late.
	duration := max(v.Duration, 10*p.RTT, 50*p.Jitter)
	var best Finding
	for try := range rateTries {
		rate, err := v.take(ctx, p, warmup, duration, p.congestion())
		f := judgeRate(p, rate, v.Tolerance)
		switch {
		case errors.Is(err, measure.ErrUnsteady): // losses of a slow start may take long to be made good
			f = p.unmeasured("rate", err.Error()) // nothing is to be lost or to overtake here: see Probe.unfit and Bounded
		case errors.Is(err, measure.ErrNothing):
			f = p.nothing(p.Goodput)
		case err != nil:
			return Finding{}, err
		case f.OK || f.Bound:
			return f, nil
		}
		if try == 0 || best.Unmeasured || f.better(best) {
			best = f
		}
		warmup *= 4
	}
	return best, nil
}

func (v verifier) take(ctx context.Context, p Probe, warmup, duration time.Duration, control string) (float64, error) {
	return v.goodput(ctx, v.spaces[p.From.Name], v.spaces[p.To.Name], p.to(), warmup, duration, control)
}

// wantedLosses are enough for a mean: a rate under so many random losses strays by some 15 %.
const wantedLosses = 50

// bounded takes the rate across a way that loses segments, by the congestion control that the bound is about,
// for as long as it takes to see enough losses, and three times the usual time at most.
func (v verifier) bounded(ctx context.Context, p Probe) (Finding, error) {
	perSecond := p.Bound() / 8 / p.payload() * p.Loss // losses
	span := time.Duration(min(wantedLosses/perSecond, 3*v.Duration.Seconds()) * float64(time.Second))
	warmup := max(500*time.Millisecond, 15*p.RTT, span/5)
	duration := max(v.Duration, 10*p.RTT, 50*p.Jitter, span)
	rate, err := v.take(ctx, p, warmup, duration, "reno")
	if errors.Is(err, measure.ErrNothing) {
		return p.nothing(p.Bound()), nil
	}
	if err != nil && !errors.Is(err, measure.ErrUnsteady) {
		return Finding{}, err
	}
	f := judgeBound(p, rate, perSecond*duration.Seconds(), v.Tolerance)
	if err != nil && f.Off() {
		return p.skipped("rate", err.Error()), nil // what was held back counts as too much
	}
	return f, nil
}
