package replay

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Trace is an open loop: every chain begins at its job's time in the trace, no matter how the others get on.
// The first one begins at once, unless the times are kept.
type Trace struct {
	Times   []time.Duration // by the job's index in the workload, since any common instant
	SpeedUp float64         // how much faster than the trace; 0: 1
	Kept    bool            // the times are since the start of the chains
}

func (t Trace) String() string { return fmt.Sprintf("trace times, %g times as fast", t.factor()) }

// Connections implements Arrival.
func (t Trace) Connections() int { return openConnections }

func (t Trace) factor() float64 {
	if t.SpeedUp > 0 {
		return t.SpeedUp
	}
	return 1
}

// Alone implements Arrival.
func (Trace) Alone() bool { return false }

// Alive takes the trace's times.
func (t Trace) Alive(jobs []int, overlapping func([]float64) int) int {
	due := make([]float64, len(jobs))
	for i, job := range jobs {
		if job >= 0 && job < len(t.Times) {
			due[i] = t.Times[job].Seconds() / max(t.factor(), 1e-3)
		}
	}
	return overlapping(due)
}

// Drive implements Arrival.
func (t Trace) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	OpenLoop(ctx, t.Due(jobs), start)
}

// Due implements Timed.
func (t Trace) Due(jobs []int) []time.Duration {
	due := make([]time.Duration, len(jobs))
	for i, job := range jobs {
		if job >= 0 && job < len(t.Times) {
			due[i] = t.Times[job]
		}
	}
	if len(due) == 0 {
		return nil
	}
	first := time.Duration(0)
	if !t.Kept {
		first = slices.Min(due)
	}
	for i := range due {
		due[i] = time.Duration(float64(due[i]-first) / t.factor())
	}
	return due
}
