package faas

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"time"
)

// coarse is how long before a deadline a wait stops trusting the runtime's timers, which are up to 2 ms
// late on an idle machine (they end in epoll_wait's milliseconds).
const coarse = 3 * time.Millisecond

// clock reads the host's monotonic clock, in nanoseconds that every process of the host agrees on. It
// anchors the runtime's clock once, as that is read without a system call.
type clock struct {
	base   time.Time
	offset int64
	told   atomic.Pointer[ClockAhead] // how instants are told to others; nil: as they are
}

func newClock() *clock {
	best := &clock{}
	narrowest := time.Duration(1 << 62)
	for range 16 {
		before := time.Now()
		system := monotonic()
		width := time.Since(before)
		if width < narrowest {
			narrowest = width
			best = &clock{base: before, offset: system - int64(width)/2}
		}
	}
	return best
}

// now is the time in nanoseconds.
func (c *clock) now() int64 { return c.offset + int64(time.Since(c.base)) }

// moment is the time as others are told it, who may have another machine's clock. What this node waits for, and keeps
// for itself, it has by now.
func (c *clock) moment() int64 { return c.as(c.now()) }

// as is how an instant of this clock is told.
func (c *clock) as(t int64) int64 {
	if told := c.told.Load(); told != nil {
		return told.At(t)
	}
	return t
}

// ClockAhead is by how much a node's clock is ahead of the one that all nodes of its testbed tell instants by, where
// they are on several machines: by Ahead at the instant Now of that other clock, and by Drift ns more each ns.
type ClockAhead struct {
	Ahead int64   `json:"ahead_ns"`
	Drift float64 `json:"drift"`
	Now   int64   `json:"now_ns"`
}

// mostDrift is how much faster or slower than another one a clock may run: no oscillator is that bad.
const mostDrift = 1e-2

func (a *ClockAhead) check() error {
	if !(math.Abs(a.Drift) <= mostDrift) { // NaN is not
		return fmt.Errorf("a clock that gains %g s a second on another: want %g at most", a.Drift, mostDrift)
	}
	return nil
}

// At is what the other clock shows when this one shows t.
func (a *ClockAhead) At(t int64) int64 {
	near := t - a.Ahead
	return near - int64(a.Drift*float64(near-a.Now))
}

// handleClock tells the agent by which clock it is to tell instants.
func (a *Agent) handleClock(w http.ResponseWriter, r *http.Request) {
	var ahead ClockAhead
	if !a.readJSON(w, r, &ahead) {
		return
	}
	if err := ahead.check(); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	a.clock.told.Store(&ahead)
	respond(w, http.StatusNoContent, nil)
}

// SetClock makes the agent tell instants by another clock than its machine's.
func (c *Client) SetClock(ctx context.Context, ahead ClockAhead) error {
	return c.do(ctx, http.MethodPut, "/clock", ahead, nil, maxAnswer)
}

// wait sleeps until the given time, to within some microseconds, and reports whether it did; it returns
// false as soon as wake can be received from.
func (c *clock) wait(until int64, wake <-chan struct{}) bool {
	if left := time.Duration(until - c.now()); left > coarse {
		timer := time.NewTimer(left - coarse)
		select {
		case <-timer.C:
		case <-wake:
			timer.Stop()
			return false
		}
	}
	return c.waitFinely(until, wake)
}
