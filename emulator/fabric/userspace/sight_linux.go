package userspace

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// observation is what is seen of a station in its namespace, beside what is wanted.
type observation struct {
	home    string // the namespace that is there; empty: none, or another one than is meant
	err     error  // why nothing could be seen
	absent  bool   // the namespace is not there
	missing bool   // it has no device, or not the one whose other end is here
	name    string // the device's present name
	notes   []string
	flaws   flaws
	dropped uint64 // packets that the device's own queue had no room for
}

// flaws are the kinds of things that have to be mended.
type flaws struct{ device, routes, sysctls bool }

func (s *observation) clean() bool { return s.err == nil && !s.missing && s.flaws == flaws{} }

// note is what Inspect says of it.
func (s *observation) note() string {
	switch {
	case s.absent:
		return fmt.Sprintf("its network namespace is %v: its node does not run", fabric.ErrAbsent)
	case s.err != nil:
		return s.err.Error()
	}
	return strings.Join(s.notes, "; ")
}

// observe looks at every station of the network, whose devices' other ends are fds and were made in homes, but for
// those that are elsewhere: on another machine. It changes nothing.
func observe(n *fabric.Network, fds []int, homes []string, elsewhere func(int) bool) []observation {
	all := make([]observation, len(n.Stations))
	wanted := ifaces(n)
	_ = proc.OnSpareThread(func() error {
		for i := range all {
			if elsewhere(i) {
				continue
			}
			all[i] = observeOne(&n.Stations[i], wanted[i], fds[i], homes[i])
		}
		return nil
	})
	return all
}

func observeOne(st *fabric.Station, i iface, fd int, home string) (s observation) {
	if s.home, s.err = enter(st.NetNS); s.err != nil {
		s.absent = isAbsent(s.err)
		return s
	}
	if fd < 0 || s.home != home {
		s.missing, s.notes = true, []string{fabric.Interface + " is not attached"}
		return s
	}
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		s.err = err
		return s
	}
	defer unix.Close(sock)
	s.look(st, i, fd, sock)
	return s
}

// look compares the device whose other end is fd, and all that belongs to it, with what is wanted.
func (s *observation) look(st *fabric.Station, i iface, fd, sock int) {
	var err error
	if s.name, err = tapName(fd); err != nil {
		s.missing, s.notes = true, []string{fabric.Interface + " was deleted"}
		return
	}
	if s.name != fabric.Interface {
		s.flaw(&s.flaws.device, "%s was renamed to %s", fabric.Interface, s.name)
	}
	for _, p := range properties(*st, i) {
		got, err := p.read(sock, s.name)
		if errors.Is(err, unix.ENODEV) {
			s.missing, s.notes = true, []string{s.name + " is in another namespace"}
			return
		}
		if err != nil || got != p.want {
			s.flaw(&s.flaws.device, "%s", p.complaint)
		}
	}
	if lo, err := flagsOf(sock, "lo"); err != nil || lo&unix.IFF_UP == 0 {
		s.flaw(&s.flaws.device, "lo is down")
	}
	if missing, err := missingWays(i.ways); err != nil || len(missing) > 0 {
		s.flaw(&s.flaws.routes, "of its routes %d are missing", len(missing))
	}
	if missing, err := missing6(st); err != nil || len(missing) > 0 {
		s.flaw(&s.flaws.routes, "it has not got the addresses %v", missing)
	}
	if missing := missing4(st, sock); len(missing) > 0 {
		s.flaw(&s.flaws.routes, "it has not got the addresses %v", missing)
	}
	for _, note := range station.Compare(*st) {
		s.flaw(&s.flaws.sysctls, "%s", note)
	}
	s.dropped = droppedBy(s.name)
}

func (s *observation) flaw(kind *bool, format string, args ...any) {
	*kind = true
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// enter moves the calling thread, which is not used any further afterwards, into the namespace, and returns what
// tells that from others, whatever the path to it.
func enter(r netns.Ref) (home string, err error) {
	file, err := netns.Enter(r)
	if err != nil {
		return "", err
	}
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino), nil
}

// isAbsent says whether an error means that the namespace is not there, or another one is in its place.
func isAbsent(err error) bool {
	for _, kind := range []error{fs.ErrNotExist, netns.ErrOther, proc.ErrGone, unix.ESRCH} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
