package transport

import (
	"fmt"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// mostBytes bounds a transfer, for its packets are calculated one by one.
const mostBytes = int64(1e12)

// check refuses steps that lead nowhere, or to times that do not fit.
func (r *replay) check(step *plan.Step) error {
	e := r.engine
	within := func(id topology.ID) bool { return id >= 0 && int(id) < len(e.topology.Vertices) }
	if !within(step.From) || !within(step.To) {
		count := len(e.topology.Vertices)
		return fmt.Errorf("it leads from vertex %d to %d of a topology of %d", step.From, step.To, count)
	}
	if step.Bytes < 0 || step.Bytes > mostBytes {
		return fmt.Errorf("%d bytes from %s to %s: they must be between 0 and %d",
			step.Bytes, e.name(step.From), e.name(step.To), mostBytes)
	}
	if step.From == step.To {
		return nil
	}
	way := r.routes.find(step.From, step.To)
	if way == nil {
		return fmt.Errorf("%w between %s and %s", ErrUnreachable, e.name(step.From), e.name(step.To))
	}
	back := r.routes.find(step.To, step.From)
	if way.estimate(step.Bytes, &e.options)+back.estimate(step.Bytes, &e.options) > float64(longest) {
		return fmt.Errorf("%d bytes from %s to %s: %w", step.Bytes, e.name(step.From), e.name(step.To), ErrTooLong)
	}
	return nil
}

// estimate is an upper bound, in picoseconds, of a message's time: each segment waits for all servers,
// and each window of segments for a round trip.
func (r *route) estimate(size int64, o *Options) float64 {
	segments := float64(size+int64(o.Header))/float64(r.mss) + 1
	sum := 0.0
	for _, legs := range [][]leg{r.forth, r.back} {
		for _, l := range legs {
			for _, h := range l.hops {
				sum += float64(h.serial[full])
			}
		}
	}
	first := newReceiver(r.mss, o)
	rounds := min(segments, 64+segments/float64(first.window()))
	total := (segments+1)*sum + (rounds+1)*float64(r.round)
	if o.HostRate > 0 {
		total += float64(size) * 8e12 / float64(o.HostRate)
	}
	return total
}
