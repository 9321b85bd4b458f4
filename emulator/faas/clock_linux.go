package faas

import (
	"runtime"
	"time"

	"testbed/emulator/internal/kerneltime"

	"golang.org/x/sys/unix"
)

const (
	spin  = 60 * time.Microsecond  // before a deadline: what waking up may take
	slice = 500 * time.Microsecond // after which a fine wait looks whether it is still wanted
)

func monotonic() int64 { return kerneltime.Now(unix.CLOCK_MONOTONIC) }

// waitFinely sleeps in the kernel with the least timer slack, and spins for what waking up may take.
func (c *clock) waitFinely(until int64, wake <-chan struct{}) bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // without it a wait ends 50 µs later
	for {
		select {
		case <-wake:
			return false
		default:
		}
		now := c.now()
		left := until - now
		if left <= int64(spin) {
			break
		}
		target := unix.NsecToTimespec(now + min(left-int64(spin), int64(slice)))
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &target, nil) // EINTR: the loop looks again
	}
	for c.now() < until {
	}
	return true
}

// burn uses up the given CPU time of one thread and reports whether it did, or stopped for stop.
func (c *clock) burn(amount time.Duration, stop <-chan struct{}) bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	end := kerneltime.Now(unix.CLOCK_THREAD_CPUTIME_ID) + int64(amount)
	for kerneltime.Now(unix.CLOCK_THREAD_CPUTIME_ID) < end {
		select {
		case <-stop:
			return false
		default:
		}
		work := uint64(end)
		for range 2000 {
			work = mix(work)
		}
		runtime.KeepAlive(work)
	}
	return true
}

const canBurn = true

const childSignal = unix.SIGCHLD
