package userspace

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// former is what an earlier network has given a station's interface and the next one does not: addresses and routes
// that would lead astray.
type former struct {
	labels    []int // of IPv4 addresses
	addresses []netip.Prefix
	ways      []way
}

func (f *former) none() bool { return len(f.labels)+len(f.addresses)+len(f.ways) == 0 }

// formerOf lists them by the stations of t, which is to follow the table in force.
func (s *server) formerOf(t *table) []former {
	all := make([]former, len(t.ports))
	if s.table == nil || !fabric.Routed(&s.table.network) {
		return all
	}
	before := map[*port]int{}
	for i, p := range s.table.ports {
		before[p] = i
	}
	was, now := ifaces(&s.table.network), ifaces(&t.network)
	for i, p := range t.ports {
		k, known := before[p]
		if !known {
			continue
		}
		all[i] = formerly(&s.table.network.Stations[k], &t.network.Stations[i])
		for _, w := range was[k].ways {
			if !slices.Contains(now[i].ways, w) {
				all[i].ways = append(all[i].ways, w)
			}
		}
	}
	return all
}

// formerly are the addresses. IPv4's go by their index, so that all of them go where one differs.
func formerly(was, now *fabric.Station) (f former) {
	for i, a := range was.Addresses {
		switch same := i < len(now.Addresses) && now.Addresses[i] == a; {
		case a.Addr().Is4() && !same:
			f.labels = append(f.labels, i)
		case a.Addr().Is6() && !slices.Contains(now.Addresses, a):
			f.addresses = append(f.addresses, a)
		}
	}
	return f
}

// remove takes it from the interface of that name, in the namespace that the calling thread is in.
func (f *former) remove(device string) (err error) {
	if f.none() || device != fabric.Interface {
		return nil
	}
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(sock)
	for _, w := range f.ways {
		err = errors.Join(err, w.set(sock, unix.SIOCDELRT))
	}
	for _, index := range f.labels { // an address without its label's flag is gone
		e := ioctl(sock, unix.SIOCSIFFLAGS, unsafe.Pointer(newIfreq(label(index))))
		if e != nil && !errors.Is(e, unix.EADDRNOTAVAIL) && !errors.Is(e, unix.ENODEV) {
			err = errors.Join(err, fmt.Errorf("%s: remove an address: %w", fabric.Interface, e))
		}
	}
	return errors.Join(err, f.remove6(sock))
}

func (f *former) remove6(sock int) error {
	if len(f.addresses) == 0 {
		return nil
	}
	index, err := indexOf(sock)
	if err != nil {
		return err
	}
	six, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(six)
	for _, a := range f.addresses {
		r := &in6Ifreq{a.Addr().As16(), uint32(a.Bits()), index}
		if e := ioctl(six, unix.SIOCDIFADDR, unsafe.Pointer(r)); e != nil && !errors.Is(e, unix.EADDRNOTAVAIL) {
			err = errors.Join(err, fmt.Errorf("%s: remove the address %v: %w", fabric.Interface, a, e))
		}
	}
	return err
}
