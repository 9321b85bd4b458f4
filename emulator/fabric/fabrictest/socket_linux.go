package fabrictest

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// room is what sockets may hold, more than any test has under way.
const room = 16 << 20

// sending prepares a socket that its own buffer does not slow down.
func sending(noChecksum bool) func(string, string, syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var err error
		outer := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, room)
			if err == nil && noChecksum {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1)
			}
		})
		return errors.Join(outer, err)
	}
}

// steady is sending with a congestion control that has no other limit than losses, of which there are none:
// cubic leaves slow start when round trips get longer, and a sender that its window has held back then takes
// seconds to fill a link that has become faster.
func steady(network, address string, raw syscall.RawConn) error {
	var err error
	outer := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "reno")
	})
	return errors.Join(outer, err, sending(false)(network, address, raw))
}

func receiving(_, _ string, raw syscall.RawConn) error {
	var err error
	outer := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room)
	})
	return errors.Join(outer, err)
}

// retransmitted is how many segments the connection has sent again.
func retransmitted(conn syscall.Conn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info *unix.TCPInfo
	outer := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if err := errors.Join(outer, err); err != nil {
		return 0, err
	}
	return int(info.Total_retrans), nil
}
