package spread

import (
	"fmt"
	"slices"
	"time"

	"testbed/emulator/fabric/userspace"
	"testbed/emulator/health"
)

// offset is what one machine knows of another one's clock.
type offset struct {
	from, to int // machines, the clock of to being ahead
	ahead    time.Duration
	drift    float64
	err      time.Duration
}

// mostError is more than the offset of two clocks can be off where a probe was answered, and little enough for sums.
const mostError = time.Hour

// offsetsOf are all that are known, each also the other way round.
func offsetsOf(names []string, all []health.Health) []offset {
	var known []offset
	for i := range all {
		for _, c := range all[i].Crossings {
			j := slices.Index(names, c.Machine)
			if j < 0 || j == i || c.RoundTrip <= 0 || c.Error < 0 || c.Error > mostError { // no probe was answered yet
				continue
			}
			known = append(known, offset{i, j, c.Ahead, c.Drift, c.Error}, offset{j, i, -c.Ahead, -c.Drift, c.Error})
		}
	}
	return known
}

// clocksOf are the machines' clocks beside the first one's, by way of those machines over which the sum of errors is
// least. It fails where one is not known.
func clocksOf(names []string, all []health.Health) ([]health.Part, error) {
	known := offsetsOf(names, all)
	clocks := make([]health.Part, len(names))
	reached := make([]bool, len(names))
	reached[0] = true
	for changed := true; changed; { // Bellman and Ford: each round makes a sum less
		changed = false
		for _, o := range known {
			sum := clocks[o.from].Error + o.err
			if !reached[o.from] || reached[o.to] && sum >= clocks[o.to].Error {
				continue
			}
			from := &clocks[o.from]
			clocks[o.to] = health.Part{Ahead: from.Ahead + o.ahead, Drift: from.Drift + o.drift, Error: sum}
			reached[o.to], changed = true, true
		}
	}
	for i := range clocks {
		if !reached[i] {
			return nil, fmt.Errorf("the clock of machine %s is not known to %s: %w", names[i], names[0], userspace.ErrApart)
		}
		clocks[i].Machine, clocks[i].Now = names[i], all[0].Now
	}
	return clocks, nil
}
