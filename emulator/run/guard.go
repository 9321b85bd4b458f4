package run

import (
	"context"
	"sync"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/record"
)

// watchAgain is how often the fabric is asked, so that its heart goes on beating.
const watchAgain = 2 * time.Second

// guard watches over the health of a run.
type guard struct {
	bed    Bed
	told   bool // the fabric tells of its health
	before health.Health
	lost   map[string]uint64 // by station, at the beginning

	mu   sync.Mutex
	late []float64 // s, of chains
	sums map[string]*sums
	stop context.CancelFunc
	done chan struct{}
}

// sums are over a model's chains of which the host's part is known, in s.
type sums struct{ host, latency float64 }

// watchOver begins to watch.
func watchOver(ctx context.Context, bed Bed) *guard {
	g := &guard{bed: bed, lost: map[string]uint64{}, sums: map[string]*sums{}, done: make(chan struct{})}
	asking, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	var err error
	g.before, err = bed.Health(asking, 0)
	g.told = err == nil
	if status, err := bed.Inspect(asking); err == nil {
		for _, s := range status.Stations {
			g.lost[s.Name] = s.Errors
		}
	}
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

// spells are the fabric's; nil where it does not tell.
func (g *guard) spells() func(context.Context, uint64) (health.Report, error) {
	if !g.told {
		return nil
	}
	return func(ctx context.Context, since uint64) (health.Report, error) {
		h, err := g.bed.Health(ctx, since)
		return h.Report, err
	}
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
	g.sums[c.Model].host += c.Host.All
	g.sums[c.Model].latency += c.Measured.Latency
	return nil
}

// Flush implements record.Sink.
func (*guard) Flush() error { return nil }

// Counts implements record.Sink.
func (*guard) Counts() record.Counts { return record.Counts{} }

// Close implements record.Sink.
func (*guard) Close() error { return nil }

// end stops the watch, and returns how punctual the fabric was; nil where it does not tell.
func (g *guard) end(ctx context.Context, status fabric.Status) *record.FabricHealth {
	g.stop()
	<-g.done
	if !g.told {
		return nil
	}
	after, err := g.bed.Health(ctx, g.before.Next)
	if err != nil || after.From != g.before.From { // it has ended, or another has taken its place
		return nil
	}
	written, overslept := after.Written.Since(&g.before.Written), after.Overslept.Since(&g.before.Overslept)
	f := &record.FabricHealth{
		Packets: written.Count, LateP50: written.Quantile(0.5).Seconds(), LateP99: written.Quantile(0.99).Seconds(),
		LateMax: written.Longest.Seconds(), OversleptP99: overslept.Quantile(0.99).Seconds(),
		OversleptMax: overslept.Longest.Seconds(), Waited: (after.Waited - g.before.Waited).Seconds(),
		Lost: after.Overflow - g.before.Overflow,
	}
	if spent := after.Now - g.before.Now; spent > 0 {
		f.Busy = float64(after.Busy-g.before.Busy) / float64(spent)
	}
	most := uint64(0)
	for _, s := range status.Stations {
		if n := s.Errors - min(g.lost[s.Name], s.Errors); n > 0 {
			f.Lost += n
			if n > most {
				most, f.LostAt = n, s.Name
			}
		}
	}
	return f
}
