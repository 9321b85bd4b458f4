//go:build !linux

package orchestrator

import "time"

// monotonic is an instant; no fabric of this operating system asks for it.
func monotonic(at time.Time) int64 { return at.UnixNano() }
