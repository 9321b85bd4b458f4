package userspace

import (
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/topology"
)

// TestErrorsOfReadsAreToldApart: one packet's are counted and no more; a vanished device's, and one error after
// another, lose the station, which those are told who wait for it.
func TestErrorsOfReadsAreToldApart(t *testing.T) {
	table, err := newTable(star(t, 2, topology.Shared, topology.Shape{}, topology.Shape{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEngine(table, testClock(t))
	if err != nil {
		t.Fatal(err)
	}
	p := table.ports[0]
	attach := func() <-chan struct{} {
		t.Helper()
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(ends[1]) })
		if err := e.attach(p, ends[0]); err != nil {
			t.Fatal(err)
		}
		return e.bell.next()
	}
	rung := attach()
	told := func() bool {
		select {
		case <-rung:
			return true
		default:
			return false
		}
	}
	for _, errno := range []unix.Errno{unix.EINVAL, unix.ENOMEM, unix.EIO, unix.EFAULT} {
		e.readFailed(p, errno)
	}
	if p.fd < 0 || p.errors != 4 || p.lost != "" || told() {
		t.Errorf("after single errors: %+v", p)
	}
	for range maxReadFailures {
		e.readFailed(p, unix.EINVAL)
	}
	if p.fd >= 0 || p.lost == "" || !told() {
		t.Errorf("after nothing but errors: %+v", p)
	}
	for _, errno := range []unix.Errno{unix.EBADFD, unix.ENODEV} {
		rung = attach()
		if p.lost != "" || p.failures != 0 || told() {
			t.Errorf("attached again: %+v", p)
		}
		e.readFailed(p, errno)
		if p.fd >= 0 || p.lost == "" || !told() {
			t.Errorf("%v: %+v", errno, p)
		}
	}
}
