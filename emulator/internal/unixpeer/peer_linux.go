package unixpeer

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// PID is the number of the process at the other end of a unix socket, as this process's pid namespace has it; of one
// that was connected to, of the process that listens. 0 is a process that is not to be seen here.
func PID(conn net.Conn) (int, error) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("%s is no unix socket", conn.RemoteAddr())
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, failed); err != nil {
		return 0, fmt.Errorf("who listens at it cannot be told: %w", err)
	}
	return int(peer.Pid), nil
}

// Check fails, wrapping ErrOther, unless the process at the other end has that number.
func Check(conn net.Conn, want int) error {
	pid, err := PID(conn)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOther, err)
	}
	if pid <= 0 || pid != want {
		return fmt.Errorf("%w: pid %d, want %d (0: of another pid namespace)", ErrOther, pid, want)
	}
	return nil
}
