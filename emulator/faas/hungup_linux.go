package faas

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp says whether the other end has closed an idle connection, or sent what nobody asked for. It takes
// nothing from the connection.
func hungUp(c net.Conn) bool {
	raw, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	conn, err := raw.SyscallConn()
	if err != nil {
		return true
	}
	gone := true
	err = conn.Control(func(fd uintptr) {
		var next [1]byte
		_, _, err := unix.Recvfrom(int(fd), next[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		gone = err != unix.EAGAIN
	})
	return err != nil || gone
}
