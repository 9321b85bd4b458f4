package userspace

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// clock reads CLOCK_MONOTONIC in nanoseconds since it was made.
type clock struct {
	origin time.Time
	offset int64 // what CLOCK_MONOTONIC showed at the origin, in ns
}

func (c clock) now() int64 { return int64(time.Since(c.origin)) }

// instant is one of CLOCK_MONOTONIC (ns), as the clock shows it; 0, which stands for none, remains.
func (c clock) instant(monotonic int64) int64 {
	if monotonic == 0 {
		return 0
	}
	if at := monotonic - c.offset; at != 0 {
		return at
	}
	return 1
}

// newClock begins now.
func newClock() (clock, error) {
	c := clock{origin: time.Now()}
	var t unix.Timespec
	before := c.now()
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	c.offset = t.Nano() - (before+c.now())/2
	return c, err
}

// waiter sleeps on an epoll set to the nanosecond, with epoll_pwait2 or, where the kernel has none
// (before 5.11), a timerfd.
type waiter struct {
	epoll, timer int
	events       [64]unix.EpollEvent
	timeout      unix.Timespec
}

// Marks of an epoll entry that is not a port's.
const (
	markControl = -1
	markTimer   = -2
)

func newWaiter() (*waiter, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	w := &waiter{epoll: fd, timer: -1}
	if _, errno := w.wait2(0); errno == unix.ENOSYS {
		if w.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
			return nil, err
		}
		return w, w.add(w.timer, markTimer)
	}
	return w, nil
}

func (w *waiter) add(fd, mark int) error {
	return unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(mark)})
}

func (w *waiter) remove(fd int) { _ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, fd, nil) }

// wait returns what is ready, after at most ns nanoseconds; ns < 0: without limit.
func (w *waiter) wait(ns int64) []unix.EpollEvent {
	if w.timer >= 0 {
		return w.waitTimer(ns)
	}
	n, _ := w.wait2(ns)
	return w.events[:n]
}

func (w *waiter) wait2(ns int64) (int, unix.Errno) {
	var timeout unsafe.Pointer
	if ns >= 0 {
		w.timeout = unix.NsecToTimespec(ns)
		timeout = unsafe.Pointer(&w.timeout)
	}
	call := unix.Syscall6
	if ns == 0 {
		call = rawSyscall6 // it does not block, so the scheduler need not know
	}
	n, _, errno := call(unix.SYS_EPOLL_PWAIT2, uintptr(w.epoll), uintptr(unsafe.Pointer(&w.events[0])),
		uintptr(len(w.events)), uintptr(timeout), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (w *waiter) waitTimer(ns int64) []unix.EpollEvent {
	ms := -1
	if ns == 0 {
		ms = 0
	} else if ns > 0 {
		_ = unix.TimerfdSettime(w.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(ns)}, nil)
	}
	n, err := unix.EpollWait(w.epoll, w.events[:], ms)
	if err != nil {
		return nil
	}
	ready := w.events[:0]
	for _, e := range w.events[:n] {
		if e.Fd == markTimer {
			_, _ = unix.Read(w.timer, make([]byte, 8))
			continue
		}
		ready = append(ready, e)
	}
	return ready
}

func rawSyscall6(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, errno unix.Errno) {
	return unix.RawSyscall6(trap, a1, a2, a3, a4, a5, a6)
}

// read and write do not block, so they bypass the scheduler; they repeat what a signal interrupts.
func read(fd int, b []byte) (int, unix.Errno) {
	return transfer(unix.SYS_READ, fd, b)
}

func write(fd int, b []byte) (int, unix.Errno) {
	return transfer(unix.SYS_WRITE, fd, b)
}

func transfer(call uintptr, fd int, b []byte) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if errno != unix.EINTR {
			runtime.KeepAlive(b)
			return int(n), errno
		}
	}
}
