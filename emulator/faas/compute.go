package faas

import (
	"math"
	"time"
)

// compute executes ops operations in the way configured, beginning with work, which is part of them, and
// reports whether it came to the end or stopped for stop. load is the number of tasks placed on the node.
func (a *Agent) compute(ops int64, load int, stop <-chan struct{}, work func() error) (bool, error) {
	start := a.clock.now()
	switch a.config.Compute {
	case Shared:
		if err := work(); err != nil {
			return false, err
		}
		// What the work took of the processor is taken off, as if it had been alone.
		left := float64(ops) - float64(a.clock.now()-start)/1e9*a.config.Speed
		return left <= 0 || a.sharing.run(left, stop), nil
	case Burn:
		if err := work(); err != nil {
			return false, err
		}
		return a.clock.burn(a.duration(float64(ops))-time.Duration(a.clock.now()-start), stop), nil
	}
	if err := work(); err != nil {
		return false, err
	}
	if ops == 0 {
		return true, nil
	}
	due := start + int64(a.duration(float64(ops)*float64(max(load, 1))))
	done := a.clock.wait(due, stop)
	if done {
		a.punctuality.late(due, a.clock.now())
	}
	return done, nil
}

// duration is the time that operations need at the node's speed; at most 292 years.
func (a *Agent) duration(ops float64) time.Duration {
	return time.Duration(min(math.Round(ops/a.config.Speed*1e9), math.MaxInt64/2))
}
