//go:build !linux

package measure

import (
	"context"
	"net/netip"
	"time"
)

// RTT returns ErrNotSupported.
func RTT(context.Context, string, netip.Addr, int, time.Duration) ([]time.Duration, error) {
	return nil, ErrNotSupported
}

// Goodput returns ErrNotSupported.
func Goodput(context.Context, string, string, netip.Addr, time.Duration, time.Duration, string) (float64, error) {
	return 0, ErrNotSupported
}
