//go:build !linux

package measure

import (
	"context"
	"net/netip"
	"time"

	"testbed/emulator/netns"
)

// RTT returns ErrNotSupported.
func RTT(context.Context, netns.Ref, netip.Addr, int, time.Duration) ([]time.Duration, error) {
	return nil, ErrNotSupported
}

// Goodput returns ErrNotSupported.
func Goodput(context.Context, netns.Ref, netns.Ref, netip.Addr, time.Duration, time.Duration, string) (float64, error) {
	return 0, ErrNotSupported
}

// Listen returns ErrNotSupported.
func Listen(context.Context, netns.Ref, netip.Addr) (Sink, error) { return nil, ErrNotSupported }

// Connect returns ErrNotSupported.
func Connect(context.Context, netns.Ref, netip.AddrPort, string) (Source, error) {
	return nil, ErrNotSupported
}

// Flood returns ErrNotSupported.
func Flood(context.Context, netns.Ref, netns.Ref, netip.Addr, int, float64, time.Duration) ([]int64, error) {
	return nil, ErrNotSupported
}

// ListenFlood returns ErrNotSupported.
func ListenFlood(netns.Ref, netip.Addr, int) (FloodSink, error) { return nil, ErrNotSupported }

// SendFlood returns ErrNotSupported.
func SendFlood(context.Context, netns.Ref, netip.AddrPort, int, float64, time.Duration) error {
	return ErrNotSupported
}
