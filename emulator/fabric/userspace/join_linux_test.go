package userspace

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/topology"
)

// The listener's descriptor is taken over once: what has its number later is not closed, however often it is asked for.
func TestTheListenerIsTakenOverOnce(t *testing.T) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const high = 900 // nobody else's
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, high)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer()
	if err := s.inherit(uintptr(fd)); err != nil {
		t.Fatal(err)
	}
	defer s.listener.Close()
	if s.listener.Addr().String() != l.Addr().String() {
		t.Errorf("it listens at %v, not at %v", s.listener.Addr(), l.Addr())
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
		t.Error("the descriptor is still open")
	}
	if err := unix.Dup3(int(file.Fd()), fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := s.inherit(uintptr(fd)); err != nil {
		t.Error(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		t.Error("somebody else's descriptor was closed")
	}
	// A part that cannot be joined leaves it for the next one.
	part := &partRequest{Addresses: []string{""}}
	table, err := newTable(star(t, 2, topology.Shared, topology.Shape{}, topology.Shape{}), nil)
	if err == nil {
		s.engine, err = newEngine(table, testClock(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.join(part); err == nil {
		t.Error("a machine without others joined")
	}
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
