// Package canary tells how late the host is, whatever fabric carries a testbed's packets: while a run goes on, two
// stations of its own, in a network of the same kind that nobody else is in, send each other packets whose way takes a
// known time. What a packet takes beyond it is the host's.
//
// A probe goes there and back, every 10 ms, each way 2 ms: it needs the host four times on its way, and the canary's
// own thread three times, an ordinary one as the nodes' are. Between probes nothing is seen: what the host does for
// less than that is found by chance, and often enough to tell how often it is.
package canary

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"testbed/emulator/health"
)

// The probes' times.
const (
	Interval = 10 * time.Millisecond // between two
	Way      = 2 * time.Millisecond  // that a packet takes in one direction
	way      = int64(2 * Way)        // there and back, in ns
)

// patience is how long the last probes are waited for.
const patience = 300 * time.Millisecond

// Result is what the probes came to.
type Result struct {
	Probes uint64           // that were sent
	Lost   uint64           // of those, that did not come back
	Late   health.Histogram // how late the others came back, by their schedule
}

// Canary is one that is at work.
type Canary struct {
	mu      sync.Mutex
	account account
	failed  error // why it has ended by itself

	now    func() int64 // ns of CLOCK_MONOTONIC
	stop   func()       // ends the probes; to be called once
	done   chan struct{}
	remove func(context.Context) error
	once   sync.Once
}

// Report tells of the times in which the host was late, from number since on.
func (c *Canary) Report(_ context.Context, since uint64) (health.Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return health.Report{}, c.failed
	}
	return c.account.report(c.now(), since), nil
}

// Stop ends the probes, once the last ones are back, and removes the network. It may be repeated. The result is what
// was measured, also where it comes with an error.
func (c *Canary) Stop(ctx context.Context) (Result, error) {
	var err error
	c.once.Do(func() {
		c.stop()
		<-c.done
		err = c.remove(ctx)
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account.result(), errors.Join(c.failed, err)
}

// fail takes down why the probes have ended.
func (c *Canary) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = fmt.Errorf("the canary has ended: %w", err)
}
