package userspace

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
)

// label is the name under which a station's interface has its further IPv4 address of that index.
func label(index int) string { return fmt.Sprintf("%s:%d", fabric.Interface, index) }

// missing4 are the further IPv4 addresses that the station's interface lacks.
func missing4(s *fabric.Station, sock int) (missing []netip.Prefix) {
	for i, a := range s.Addresses {
		if a.Addr().Is6() {
			continue
		}
		address := a.Addr().As4()
		at, noAddress := (&property{call: unix.SIOCGIFADDR, size: 8}).read(sock, label(i))
		mask, noMask := (&property{call: unix.SIOCGIFNETMASK, size: 8}).read(sock, label(i))
		if noAddress != nil || noMask != nil || at != string(internet(address[:])) ||
			mask != string(internet(net.CIDRMask(a.Bits(), 32))) {
			missing = append(missing, a)
		}
	}
	return missing
}

// add4 gives the station's interface its further IPv4 addresses, as far as they are missing.
func add4(s *fabric.Station, sock int) (err error) {
	missing := missing4(s, sock)
	for i, a := range s.Addresses {
		if !slices.Contains(missing, a) {
			continue
		}
		address := a.Addr().As4()
		for _, step := range []struct {
			call  uintptr
			value []byte
		}{{unix.SIOCSIFADDR, internet(address[:])}, {unix.SIOCSIFNETMASK, internet(net.CIDRMask(a.Bits(), 32))}} {
			r := newIfreq(label(i))
			copy(r.data[:], step.value)
			if e := ioctl(sock, step.call, unsafe.Pointer(r)); e != nil {
				err = errors.Join(err, fmt.Errorf("%s: address %v: %w", fabric.Interface, a, e))
			}
		}
	}
	return err
}
