package run

import (
	"sync/atomic"
	"time"
)

// clocks is how well the clocks of a testbed's machines are known.
type clocks struct{ worst atomic.Int64 }

// saw takes down the most by which an instant may be wrong now.
func (c *clocks) saw(wrong time.Duration) {
	for {
		had := c.worst.Load()
		if int64(wrong) <= had || c.worst.CompareAndSwap(had, int64(wrong)) {
			return
		}
	}
}

// error is the most by which an instant may have been wrong so far; 0: all have one clock.
func (c *clocks) error() time.Duration { return time.Duration(c.worst.Load()) }
