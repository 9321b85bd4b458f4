package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"testbed/emulator/canary"
	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/hostload"
	"testbed/emulator/record"
)

// watchAgain is how often the fabric is asked, so that its heart goes on beating.
const watchAgain = 2 * time.Second

// guard watches over the health of a run.
type guard struct {
	bed    Bed
	told   bool          // the fabric tells of its health
	before health.Health // as all that follows: when the replay began, or else the watch
	lost   lost
	host   hostload.Snapshot
	canary Canary // nil: there is none
	mute   error  // why
	clocks clocks
	hosts  map[string]hostload.Snapshot // of several machines, by name

	mu   sync.Mutex
	late []float64 // s, of chains
	sums map[string]*sums
	stop context.CancelFunc
	done chan struct{}
}

// sums are over a model's chains of which the host's part is known, in s: each as often as the jobs that it stands for,
// as in the model's mean.
type sums struct{ host, latency float64 }

// watchOver begins to watch: the fabric's heart is to beat from now on.
func watchOver(ctx context.Context, bed Bed) *guard {
	g := &guard{bed: bed, sums: map[string]*sums{}, done: make(chan struct{}), mute: errNoReplay}
	g.begin(ctx)
	since := g.before.Next
	ctx, g.stop = context.WithCancel(ctx)
	go func() {
		defer close(g.done)
		for g.told {
			select {
			case <-ctx.Done():
				return
			case <-time.After(watchAgain):
				_, _ = bed.Health(ctx, since)
			}
		}
	}()
	return g
}

// errNoReplay is why a run that has not come to its replay has no canary.
var errNoReplay = errors.New("the run did not come to its replay")

// replays is told that the replay begins: what counts begins anew. What the fabric carried before, of the measurement
// of links and the calibration, is many times as much as the chains', and what was late or lost of that is none of
// theirs.
func (g *guard) replays(ctx context.Context) {
	starting, cancel := context.WithTimeout(ctx, patience)
	if g.canary, g.mute = g.bed.Canary(starting); g.mute != nil {
		g.canary = nil
	}
	cancel()
	g.begin(ctx)
}

// begin takes down how all stands that is compared with the end. A fabric that does not tell any more, or that has been
// replaced since, is found at the end.
func (g *guard) begin(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	now, err := g.bed.Health(asking, 0)
	switch first := g.stop == nil; {
	case first:
		g.before, g.told = now, err == nil
	case err == nil && now.From == g.before.From:
		g.before = now
	}
	if status, err := g.bed.Inspect(asking); err == nil {
		g.lost = lostBy(status)
	}
	g.host, g.hosts = hostload.Read(), hostsOf(asking, g.bed)
}

// spells are the fabric's or, where it does not tell, those of the canary beside it; nil where there is none either.
func (g *guard) spells() func(context.Context, uint64) (health.Report, error) {
	switch {
	case g.told:
		return func(ctx context.Context, since uint64) (health.Report, error) {
			h, err := g.bed.Health(ctx, since)
			return h.Report, err
		}
	case g.canary != nil:
		return g.canary.Report
	}
	return nil
}

// Write implements record.Sink: it takes down what the host may have added.
func (g *guard) Write(c record.Chain, _ []record.Step) error {
	if c.Superseded || c.Host == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.late = append(g.late, c.Host.All)
	if g.sums[c.Model] == nil {
		g.sums[c.Model] = &sums{}
	}
	g.sums[c.Model].host += c.Stands() * c.Host.All
	g.sums[c.Model].latency += c.Stands() * c.Measured.Latency
	return nil
}

// Flush implements record.Sink.
func (*guard) Flush() error { return nil }

// Counts implements record.Sink.
func (*guard) Counts() record.Counts { return record.Counts{} }

// Close implements record.Sink.
func (*guard) Close() error { return nil }

// end stops the watch, and writes down what it has seen.
func (g *guard) end(ctx context.Context, status fabric.Status) seen {
	g.stop()
	<-g.done
	s := seen{told: g.told}
	s.host = hostload.Read().Since(g.host)
	s.machines = loadsSince(hostsOf(ctx, g.bed), g.hosts)
	counted := lostBy(status)
	s.lost, s.lostAt = counted.since(g.lost)
	s.arrived = counted.arrived - min(g.lost.arrived, counted.arrived)
	s.canary, s.mute = g.endCanary(ctx)
	if flock, ok := g.canary.(interface{ Machines() []canary.Machine }); ok {
		canaryOn(s.machines, flock.Machines())
	}
	if g.told {
		s.fabric, s.cut = g.punctuality(ctx, s.machines)
	}
	if s.fabric != nil {
		s.fabric.Lost += s.lost
		s.fabric.LostAt = s.lostAt
	}
	return s
}

// seen is what the guard has seen of a run, beside its chains.
type seen struct {
	told   bool                 // the fabric told of its health at the beginning
	fabric *record.FabricHealth // nil: it does not tell, or not any more
	canary *record.Canary       // nil: there was none
	mute   error                // why
	host   *record.HostLoad     // nil: not known

	machines []record.MachineHostLoad // of several machines
	cut      []record.Crossing        // between them

	lost    uint64 // packets, by the counters of stations and links
	lostAt  string
	arrived uint64 // packets, at stations
}

// endCanary ends the canary, and says what became of its probes.
func (g *guard) endCanary(ctx context.Context) (*record.Canary, error) {
	if g.canary == nil {
		return nil, g.mute
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	r, err := g.canary.Stop(ending)
	return probesOf(&r), err
}

// probesOf is what probes came to; nil: there were none.
func probesOf(r *canary.Result) *record.Canary {
	if r.Probes == 0 {
		return nil
	}
	return &record.Canary{
		Probes: r.Probes, Lost: r.Lost, LateP50: r.Late.Quantile(0.5).Seconds(), LateP99: r.Late.Quantile(0.99).Seconds(),
		LateMax: r.Late.Longest.Seconds(),
	}
}

// punctuality is how punctual the fabric was, and what went between machines; nil where it has ended. How punctual it
// was on each of several machines is written to these.
func (g *guard) punctuality(
	ctx context.Context, machines []record.MachineHostLoad,
) (*record.FabricHealth, []record.Crossing) {
	after, err := g.bed.Health(ctx, g.before.Next)
	if err != nil || after.From != g.before.From { // it has ended, or another has taken its place
		return nil, nil
	}
	whole := func(h *health.Health) *health.Part {
		return &health.Part{Busy: h.Busy, Waited: h.Waited, Overflow: h.Overflow, Written: h.Written, Overslept: h.Overslept}
	}
	f := punctual(whole(&g.before), whole(&after), after.Now-g.before.Now)
	punctualOn(machines, &g.before, &after)
	return f, crossings(g.before.Crossings, after.Crossings)
}
