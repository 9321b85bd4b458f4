package faas

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// checkPeer compares the process that listens at the other end of a unix socket with the one wanted. The
// kernel gives its number as this process's pid namespace has it; 0 is a process that is not to be seen here.
func checkPeer(conn net.Conn, want int) error {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("%w: %s is no unix socket", ErrPeer, conn.RemoteAddr())
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	failed := raw.Control(func(fd uintptr) {
		peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("%w: who listens at it cannot be told: %w", ErrPeer, err)
	}
	if peer.Pid <= 0 || int(peer.Pid) != want {
		return fmt.Errorf("%w: pid %d, want %d (0: of another pid namespace)", ErrPeer, peer.Pid, want)
	}
	return nil
}
