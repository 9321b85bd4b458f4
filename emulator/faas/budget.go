package faas

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Errors of a budget, which are HTTP's 413 and 503.
var (
	errTooLarge = errors.New("it does not fit into what the node has for states and messages")
	errFull     = errors.New("the node's memory for states and messages is in use")
)

// budget bounds the bytes of all buffers in use: states, and messages under way. nil is no bound.
type budget struct {
	total int64
	wait  time.Duration // that take waits at most
	left  *semaphore.Weighted
	used  atomic.Int64
}

func newBudget(total int64, wait time.Duration) *budget {
	return &budget{total: total, wait: wait, left: semaphore.NewWeighted(total)}
}

// try takes n bytes if they are free at once.
func (b *budget) try(n int64) bool {
	if b == nil || n == 0 {
		return true
	}
	if !b.left.TryAcquire(n) {
		return false
	}
	b.used.Add(n)
	return true
}

// take takes n bytes and waits a while for them. Its errors wrap errTooLarge, errFull or ctx's.
func (b *budget) take(ctx context.Context, n int64) error {
	if b.try(n) {
		return nil
	}
	if n > b.total {
		return fmt.Errorf("%d bytes of %d: %w", n, b.total, errTooLarge)
	}
	waiting, cancel := context.WithTimeout(ctx, b.wait)
	defer cancel()
	if err := b.left.Acquire(waiting, n); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return b.full(n)
	}
	b.used.Add(n)
	return nil
}

func (b *budget) full(n int64) error {
	return fmt.Errorf("%d bytes beside %d of %d: %w", n, b.inUse(), b.total, errFull)
}

func (b *budget) giveBack(n int64) {
	if b != nil && n > 0 {
		b.used.Add(-n)
		b.left.Release(n)
	}
}

func (b *budget) inUse() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

// take is get within the budget: it waits a while where that is used up.
func (p *pools) take(ctx context.Context, n int64) (*blob, error) {
	if err := p.budget.take(ctx, n); err != nil {
		return nil, err
	}
	return p.charge(p.get(n), n), nil
}

// takeNow is take without waiting.
func (p *pools) takeNow(n int64) (*blob, error) {
	if p.budget.try(n) {
		return p.charge(p.get(n), n), nil
	}
	if n > p.budget.total {
		return nil, fmt.Errorf("%d bytes of %d: %w", n, p.budget.total, errTooLarge)
	}
	return nil, p.budget.full(n)
}

func (p *pools) charge(b *blob, n int64) *blob {
	b.budget, b.charged = p.budget, n
	return b
}
