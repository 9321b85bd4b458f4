package faas

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"testbed/emulator/internal/kerneltime"

	"golang.org/x/sys/unix"
)

// stampedReader reads a TCP connection with the kernel's time stamps (SO_TIMESTAMPNS; for TCP that of the last segment
// that a read returns), which say when what is read had come. What lies between that and the read's return is the time
// in which the host did not let this program have it, but for a few microseconds. It is for one reader.
type stampedReader struct {
	conn        syscall.RawConn
	local       net.Addr
	punctuality *punctuality

	// Of the read under way.
	vector  unix.Iovec
	message unix.Msghdr
	control [kerneltime.ControlSize]byte
	n       int
	stamp   int64 // ns of CLOCK_REALTIME; 0: none
	err     error
	receive func(fd uintptr) bool // made once

	mu       sync.Mutex // the standard library's server reads on while it answers
	due, got int64      // of the last part read, in ns of the agent's clock; 0: none
}

// stamp is what to read c through, with time stamps where there are some.
func stamp(c net.Conn, p *punctuality) reader {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return plainReader{c}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return plainReader{c}
	}
	enabled := false
	err = raw.Control(func(fd uintptr) {
		enabled = kerneltime.Stamp(int(fd)) == nil
	})
	if err != nil || !enabled {
		return plainReader{c}
	}
	r := &stampedReader{conn: raw, local: c.LocalAddr(), punctuality: p}
	r.receive = r.tryToReceive
	return r
}

// Read implements io.Reader, as net.TCPConn does.
func (r *stampedReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r.n, r.stamp, r.err = 0, 0, nil
	r.vector.Base = &b[0]
	r.vector.SetLen(len(b))
	err := r.conn.Read(r.receive)
	r.vector.Base = nil
	switch {
	case err != nil:
		return 0, err
	case r.err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Addr: r.local, Err: os.NewSyscallError("recvmsg", r.err)}
	case r.n == 0:
		return 0, io.EOF
	}
	if r.stamp > 0 {
		now := r.punctuality.clock.now()
		waited := kerneltime.Now(unix.CLOCK_REALTIME) - r.stamp
		r.mu.Lock()
		r.due, r.got = now-waited, now
		r.mu.Unlock()
	}
	return r.n, nil
}

func (r *stampedReader) complete() {
	r.mu.Lock()
	due, got := r.due, r.got
	r.due, r.got = 0, 0
	r.mu.Unlock()
	if got > 0 {
		r.punctuality.late(due, got)
	}
}

// tryToReceive reads what there is, and reports whether there was something.
func (r *stampedReader) tryToReceive(fd uintptr) bool {
	for {
		r.message = unix.Msghdr{Iov: &r.vector, Control: &r.control[0]}
		r.message.SetIovlen(1)
		r.message.SetControllen(len(r.control))
		// Not unix.Recvmsg, which allocates; the descriptor does not block.
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&r.message)), 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		case 0:
			r.n, r.stamp = int(n), kerneltime.Stamped(r.control[:r.message.Controllen])
		default:
			r.err = errno
		}
		return true
	}
}
