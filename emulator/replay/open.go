package replay

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"testbed/emulator/internal/sleep"
)

const (
	// lead is how long before its due time an open loop's chain is prepared (its states are seeded).
	lead = 100 * time.Millisecond
	// openConnections are opened beforehand between two nodes where nobody knows how many will be needed.
	openConnections = 2
)

// OpenLoop starts every chain at its due time since now, and waits for all.
func OpenLoop(ctx context.Context, due []time.Duration, start func(context.Context, int, time.Time)) {
	order := make([]int, len(due))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(due[a], due[b]) })
	base := time.Now().Add(lead)
	var wait sync.WaitGroup
	defer wait.Wait()
	for _, i := range order {
		at := base.Add(due[i])
		if !sleep.Until(ctx, at.Add(-lead)) {
			return
		}
		wait.Go(func() { start(ctx, i, at) })
	}
}
