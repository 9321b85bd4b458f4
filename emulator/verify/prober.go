package verify

import (
	"context"
	"net/netip"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/netns"
)

// Prober measures between network namespaces. Package measure has the functions; tests have others.
type Prober interface {
	// RTT sends so many echoes, and returns the round trips of those that were answered.
	RTT(ctx context.Context, from netns.Ref, to netip.Addr, count int, interval time.Duration) ([]time.Duration, error)
	// Goodput is the rate, in bit/s of TCP payload, at which one connection gets data across; congestion is its
	// control, empty for the namespace's own.
	Goodput(
		ctx context.Context, from, to netns.Ref, addr netip.Addr, warmup, duration time.Duration, congestion string,
	) (float64, error)
}

// packets measures with packets and connections of its own.
type packets struct{}

// RTT implements Prober.
func (packets) RTT(
	ctx context.Context, from netns.Ref, to netip.Addr, count int, interval time.Duration,
) ([]time.Duration, error) {
	return measure.RTT(ctx, from, to, count, interval)
}

// Goodput implements Prober.
func (packets) Goodput(
	ctx context.Context, from, to netns.Ref, addr netip.Addr, warmup, duration time.Duration, congestion string,
) (float64, error) {
	return measure.Goodput(ctx, from, to, addr, warmup, duration, congestion)
}
