// Package canary tells how late the host is, whatever fabric carries a testbed's packets: while a run goes on, two
// stations of its own, in a network of the same kind that nobody else is in, send each other packets whose way takes a
// known time. What a packet takes beyond it is the host's.
//
// A probe is sent every 10 ms, or every 60 where a process carries them, whose time they cost, in the two directions by
// turns, and takes 4 ms. The kernel notes when it has arrived, so that what the canary itself is kept from, as an
// ordinary thread of the host's, is told apart: it is late at sending. What lies between probes is not seen, and found
// by chance: often enough to tell how often there is such.
//
// Of a testbed on several machines each has one (flock.go), which the machine's agent keeps (far.go).
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
	often  = 10 * time.Millisecond // between two
	seldom = 60 * time.Millisecond
	Way    = 4 * time.Millisecond // that each takes
)

// patience is how long the last probes are waited for.
const patience = 300 * time.Millisecond

// Result is what the probes came to.
type Result struct {
	Probes uint64           // that were sent
	Lost   uint64           // of those, that did not arrive
	Late   health.Histogram // how late the others arrived, by their schedule
}

// Canary is one that is at work.
type Canary struct {
	mu       sync.Mutex
	account  account
	stopping bool
	failed   error // why it has ended by itself

	probes probes
	every  time.Duration // between two
	done   chan struct{}
	remove func(context.Context) error
	once   sync.Once
}

// probes is what carries them, with its clock.
type probes interface {
	now() int64                      // ns of CLOCK_MONOTONIC
	begin(every time.Duration) int64 // starts the ticks, and says when the first one comes
	tick() error                     // waits for the next one
	send(number uint64)              // what is not taken is lost
	arrivals(f arrivedAt)            // tells of those that have come since it told last
	close()
}

// arrivedAt is told that a probe has come, and when.
type arrivedAt = func(number uint64, at int64)

// mostAtOnce bounds how many probes are made up for, of those that a stop has kept from being sent: each that falls
// into it counts, late by what was left of it.
const mostAtOnce = underWay / 2

// run sends probes until it is told to stop, and waits for the last ones.
func (c *Canary) run() error {
	end := int64(0)
	for next := c.probes.begin(c.every); ; {
		if err := c.probes.tick(); err != nil {
			return err
		}
		c.mu.Lock()
		c.probes.arrivals(c.account.arrived)
		now, stopping := c.probes.now(), c.stopping
		next = max(next, now-mostAtOnce*int64(c.every))
		for ; !stopping && next <= now; next += int64(c.every) {
			c.probes.send(c.account.send(next, c.probes.now()))
		}
		complete := c.account.complete()
		c.mu.Unlock()
		if stopping && end == 0 {
			end = now + int64(patience)
		}
		if stopping && (complete || now >= end) {
			return nil
		}
	}
}

// Report tells of the times in which the host was late, from number since on.
func (c *Canary) Report(_ context.Context, since uint64) (health.Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return health.Report{}, c.failed
	}
	c.probes.arrivals(c.account.arrived)
	return c.account.report(c.probes.now(), since), nil
}

// Stop ends the probes, once the last ones are there, and removes the network. It may be repeated. The result is what
// was measured, also where it comes with an error.
func (c *Canary) Stop(ctx context.Context) (Result, error) {
	var err error
	c.once.Do(func() {
		c.mu.Lock()
		c.stopping = true
		c.mu.Unlock()
		<-c.done
		c.mu.Lock()
		defer c.mu.Unlock()
		c.probes.close()
		err = c.remove(ctx)
		if c.failed == nil {
			c.failed = errStopped
		}
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if !errors.Is(c.failed, errStopped) {
		err = errors.Join(c.failed, err)
	}
	return c.account.result(), err
}

var errStopped = errors.New("the canary was stopped")

// begin begins to probe.
func (c *Canary) begin() {
	go func() {
		defer close(c.done)
		if err := c.run(); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.failed = fmt.Errorf("the canary has ended: %w", err)
		}
	}()
}
