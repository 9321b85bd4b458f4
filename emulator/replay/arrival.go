package replay

import (
	"context"
	"time"
)

// Arrival is the process by which chains begin. Its values may be used for several runs.
type Arrival interface {
	// String names the process with its parameters, for the manifest.
	String() string
	// drive calls start for the chains 0 to len(jobs)-1, jobs being their jobs' indexes in the workload,
	// and returns when all calls have returned. due is when the chain is to begin; zero: at once. When ctx
	// ends it starts no more.
	drive(ctx context.Context, jobs []int, start func(ctx context.Context, chain int, due time.Time))
	// connections is how many chains of one client are likely to use one pair of nodes at the same time.
	connections() int
}
