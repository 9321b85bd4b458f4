package replay

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Concurrent is a closed loop: a number of virtual users, each of whom begins the next chain in the
// workload's order when its last one is finished. Users below 1 means 1.
type Concurrent struct{ Users int }

func (c Concurrent) String() string { return fmt.Sprintf("concurrency %d", max(c.Users, 1)) }

// Connections implements Arrival.
func (c Concurrent) Connections() int { return min(max(c.Users, 1), 8) }

// Alone implements Arrival: a single user is.
func (c Concurrent) Alone() bool { return c.Users <= 1 }

// Alive is the number of users.
func (c Concurrent) Alive(jobs []int, _ func([]float64) int) int {
	return min(max(c.Users, 1), len(jobs))
}

// Drive implements Arrival.
func (c Concurrent) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(max(c.Users, 1), len(jobs)) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				start(ctx, i, time.Time{})
			}
		})
	}
	wait.Wait()
}
