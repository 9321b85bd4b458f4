package faas

import (
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
