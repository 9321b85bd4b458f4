package userspace

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// starvation reads how long a thread was ready to run and had no processor (run_delay of proc_pid_schedstat: the
// second number of /proc/PID/task/TID/schedstat).
type starvation struct {
	opened bool
	fd     int
}

// open begins to read of the calling thread. Where the kernel does not tell, read is 0.
func (s *starvation) open() {
	fd, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	s.opened, s.fd = err == nil, fd
}

// read is the time so far, in ns.
func (s *starvation) read() int64 {
	if !s.opened {
		return 0
	}
	var text [96]byte
	n, err := unix.Pread(s.fd, text[:], 0)
	if err != nil {
		return 0
	}
	return runDelay(text[:n])
}

// runDelay is the second number of a schedstat; 0 where there is none.
func runDelay(text []byte) int64 {
	_, rest, _ := bytes.Cut(text, []byte{' '})
	number, _, _ := bytes.Cut(rest, []byte{' '})
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
