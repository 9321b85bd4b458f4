package replay

import (
	"context"
	"time"
)

// Sequential begins each chain when the one before is finished: nothing disturbs a measurement.
type Sequential struct{}

func (Sequential) String() string   { return "sequential" }
func (Sequential) connections() int { return 1 }

func (Sequential) drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	for i := range jobs {
		if ctx.Err() != nil {
			return
		}
		start(ctx, i, time.Time{})
	}
}
