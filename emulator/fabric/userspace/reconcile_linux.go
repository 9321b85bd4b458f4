package userspace

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/internal/proc"
)

// reconcile compares the table's stations with what is in their namespaces, and repairs what differs. It returns the
// other ends of the devices made, for attach, and the names of the stations whose namespace is not there. After
// an error, which is about single stations, the other stations are as wanted.
func (s *server) reconcile(t *table) (opened map[*port]int, absent []string, err error) {
	if err := ensureTun(); err != nil {
		return nil, nil, err
	}
	raiseFileLimit(len(t.ports))
	seen := s.observe(t, s.namespaces)
	s.detachStale(t, seen)
	former := s.formerOf(t)
	for i := range former {
		seen[i].flaws.routes = seen[i].flaws.routes || !former[i].none()
	}
	opened = map[*port]int{}
	var todo []int
	var errs []error
	for i := range seen {
		switch {
		case seen[i].absent:
			absent = append(absent, t.ports[i].name)
		case seen[i].err != nil:
			errs = append(errs, fmt.Errorf("station %s: %w", t.ports[i].name, seen[i].err))
		case !seen[i].clean():
			todo = append(todo, i)
		}
	}
	if len(todo) == 0 {
		return opened, absent, errors.Join(errs...)
	}
	defer station.AllowCongestion(t.network.Stations)()
	wanted := ifaces(&t.network)
	_ = proc.OnSpareThread(func() error {
		for _, i := range todo {
			p, st := t.ports[i], t.network.Stations[i]
			home, err := enter(st.NetNS)
			switch {
			case isAbsent(err): // by now
				absent = append(absent, p.name)
				continue
			case err == nil && seen[i].missing:
				var fd int
				if fd, err = openStation(st, wanted[i]); err == nil {
					opened[p], s.namespaces[p] = fd, home
				}
			case err == nil:
				if err = former[i].remove(seen[i].name); err == nil {
					err = repairStation(st, wanted[i], &seen[i])
				}
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("station %s: %w", p.name, err))
			}
		}
		return nil
	})
	return opened, absent, errors.Join(errs...)
}

// observe looks at the table's stations as they are now.
func (s *server) observe(t *table, homes map[*port]string) []observation {
	fds, in := make([]int, len(t.ports)), make([]string, len(t.ports))
	s.engine.do(func() {
		for i, p := range t.ports {
			fds[i] = p.fd
		}
	})
	for i, p := range t.ports {
		in[i] = homes[p]
	}
	return observe(&t.network, fds, in, t.elsewhere)
}

// detachStale detaches the stations whose device is not in their namespace, and those that are no longer wanted: what
// comes in their place may be in the same namespace, where only one may hold the device.
func (s *server) detachStale(t *table, seen []observation) {
	s.engine.do(func() {
		for _, p := range s.engine.core.table.ports {
			if !slices.Contains(t.ports, p) {
				s.engine.detach(p)
				delete(s.namespaces, p)
			}
		}
		for i, p := range t.ports {
			if seen[i].missing || seen[i].absent {
				s.engine.detach(p)
			}
		}
	})
}

// attach takes devices into service. It runs on the engine's thread, once the table with their ports is in force.
func (s *server) attach(opened map[*port]int) error {
	var errs []error
	for p, fd := range opened {
		errs = append(errs, s.engine.attach(p, fd))
	}
	return errors.Join(errs...)
}

// attachKnown is attach after a failure: ports of the table in force get their devices; the other devices are closed.
func (s *server) attachKnown(opened map[*port]int) {
	s.engine.do(func() {
		for p, fd := range opened {
			if slices.Contains(s.engine.core.table.ports, p) {
				_ = s.engine.attach(p, fd)
			} else {
				_ = unix.Close(fd)
			}
		}
	})
}

// repairStation makes of a station's device, which is there, and of the variables in its namespace what is wanted. The
// calling thread is in the namespace.
func repairStation(st fabric.Station, i iface, seen *observation) error {
	if seen.flaws.sysctls {
		if err := errors.Join(station.Resettle(), station.Tune(st)); err != nil {
			return err
		}
	}
	if !seen.flaws.device && !seen.flaws.routes {
		return nil
	}
	if seen.name != fabric.Interface {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		if err := rename(sock, seen.name); err != nil {
			return err
		}
	}
	return configure(st, i, false)
}
