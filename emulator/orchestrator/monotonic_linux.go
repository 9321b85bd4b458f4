package orchestrator

import (
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/kerneltime"
)

// monotonic is an instant as the host's CLOCK_MONOTONIC shows it, in ns.
func monotonic(at time.Time) int64 {
	return kerneltime.Now(unix.CLOCK_MONOTONIC) - int64(time.Since(at))
}
