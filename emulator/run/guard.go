package run

import (
	"context"
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
	told   bool // the fabric tells of its health
	before health.Health
	lost   lost // at the beginning
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

// watchOver begins to watch.
func watchOver(ctx context.Context, bed Bed) *guard {
	g := &guard{bed: bed, sums: map[string]*sums{}, done: make(chan struct{})}
	starting, cancel := context.WithTimeout(ctx, patience)
	if g.canary, g.mute = bed.Canary(starting); g.mute != nil {
		g.canary = nil
	}
	cancel()
	asking, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	var err error
	g.before, err = bed.Health(asking, 0)
	g.told = err == nil
	if status, err := bed.Inspect(asking); err == nil {
		g.lost = lostBy(status)
	}
	g.host, g.hosts = hostload.Read(), hostsOf(asking, bed)
	ctx, g.stop = context.WithCancel(ctx)
	go func() {
		defer close(g.done)
		for g.told {
			select {
			case <-ctx.Done():
				return
			case <-time.After(watchAgain):
				_, _ = bed.Health(ctx, g.before.Next)
			}
		}
	}()
	return g
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
	arrived uint64 // packets, at each queue
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
