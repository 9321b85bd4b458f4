package replay

import (
	"context"
	"time"
)

// Sequential begins each chain when the one before is finished: nothing disturbs a measurement.
type Sequential struct{}

func (Sequential) String() string { return "sequential" }

// Connections implements Arrival.
func (Sequential) Connections() int { return 1 }

// Alone implements Arrival.
func (Sequential) Alone() bool { return true }

// Alive is one: the next begins when the last has ended.
func (Sequential) Alive(jobs []int, _ func([]float64) int) int { return min(1, len(jobs)) }

// Drive implements Arrival.
func (Sequential) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	for i := range jobs {
		if ctx.Err() != nil {
			return
		}
		start(ctx, i, time.Time{})
	}
}
