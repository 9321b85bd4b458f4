package verify

import (
	"context"
	"net/netip"
	"time"

	"testbed/emulator/netns"
)

// Prober measures between network namespaces. Package across has one; tests have others.
type Prober interface {
	// RTT sends so many echoes, and returns the round trips of those that were answered.
	RTT(ctx context.Context, from netns.Ref, to netip.Addr, count int, interval time.Duration) ([]time.Duration, error)
	// Goodput is the rate, in bit/s of TCP payload, at which one connection gets data across; congestion is its
	// control, empty for the namespace's own.
	Goodput(
		ctx context.Context, from, to netns.Ref, addr netip.Addr, warmup, duration time.Duration, congestion string,
	) (float64, error)
}
