package rundelay

import (
	"strconv"

	"golang.org/x/sys/unix"
)

const tasks = "/proc/self/task"

// Thread reads of one thread. The zero value reads 0.
type Thread struct {
	opened bool
	fd     int
}

// OfCaller reads of the calling thread, as long as that lives.
func OfCaller() Thread { return open(strconv.Itoa(unix.Gettid())) }

func open(thread string) Thread {
	fd, err := unix.Open(tasks+"/"+thread+"/schedstat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return Thread{opened: err == nil, fd: fd}
}

// Read is the time so far, in ns; ok is false where it is not known, as of a thread that has ended.
func (t Thread) Read() (ns int64, ok bool) {
	if !t.opened {
		return 0, false
	}
	var text [96]byte
	n, err := unix.Pread(t.fd, text[:], 0)
	if err != nil {
		return 0, false
	}
	return parse(text[:n]), true
}

func (t Thread) close() { _ = unix.Close(t.fd) }
