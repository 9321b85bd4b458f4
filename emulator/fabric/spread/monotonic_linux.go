package spread

import (
	"golang.org/x/sys/unix"

	"testbed/emulator/internal/kerneltime"
)

// monotonic is CLOCK_MONOTONIC, ns.
func monotonic() int64 { return kerneltime.Now(unix.CLOCK_MONOTONIC) }
