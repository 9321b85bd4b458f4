package fabrictest

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// MTU holds a fabric to links that take packets of a limited size: senders learn the size on the way, of IPv4 and IPv6,
// a host's interface has that of its own link, and what may be cut arrives.
func MTU(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric, six bool) {
	testenv.Privileged(t)
	b := NewBench(t)
	b.Hosts("a", "b")
	for _, name := range []string{"one", "two"} {
		b.Switch(name)
	}
	there, back := duplex(0, time.Millisecond)
	narrow := topology.Shape{Delay: time.Millisecond, MTU: 1300}
	own := topology.Shape{Delay: time.Millisecond, MTU: 1400}
	b.Cable("a", "one", there, back)
	b.Cable("one", "two", narrow, narrow)
	b.Cable("two", "b", own, own)
	b.Apply(newFabric(t, b.Testbed))
	b.wantMTU("a", 1500)
	b.wantMTU("b", 1400)
	from := b.Station("a").NetNS
	targets := []netip.Addr{b.Station("b").Addr.Addr()}
	if six {
		targets = append(targets, fabric.Addr6(b.Station("b").Addr).Addr())
	}
	for _, to := range targets {
		if got, err := pathMTU(from, to, 1300); err != nil || got != 1300 {
			t.Errorf("the path to %v takes %d, %v; want 1300", to, got, err)
		}
	}
	got := b.stream(Stream{Count: 20, Size: 1450}) // the kernel, or a router, cuts them
	if len(got) != 20 {
		t.Errorf("%d of 20 datagrams that may be cut arrived", len(got))
	}
}

// wantMTU holds a host's interface to an MTU.
func (b *Bench) wantMTU(host string, want int) {
	b.t.Helper()
	b.inside(host, func() error {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		r, err := unix.NewIfreq(fabric.Interface)
		if err == nil {
			err = unix.IoctlIfreq(sock, unix.SIOCGIFMTU, r)
		}
		if got := int(r.Uint32()); err == nil && got != want {
			b.t.Errorf("the MTU of %s is %d, want %d", host, got, want)
		}
		return err
	})
}

// wantPath holds what one host sends to another without its being cut to a size.
func (b *Bench) wantPath(from, to string, want int) {
	b.t.Helper()
	got, err := pathMTU(b.Station(from).NetNS, b.Station(to).Addr.Addr(), want)
	if err != nil || got != want {
		b.t.Errorf("the path from %s to %s takes %d, %v; want %d", from, to, got, err, want)
	}
}

// pathMTU sends datagrams that must not be cut, and returns what the kernel knows of the path then: once that is as
// wanted, or after a while.
func pathMTU(from netns.Ref, to netip.Addr, want int) (size int, err error) {
	err = netns.Do(from, func() error {
		domain, level, discover, get := unix.AF_INET, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_MTU
		var at unix.Sockaddr
		if to.Is6() {
			domain, level, discover, get = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_MTU
			at = &unix.SockaddrInet6{Port: 9, Addr: to.As16()}
		} else {
			at = &unix.SockaddrInet4{Port: 9, Addr: to.As4()}
		}
		sock, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		err = errors.Join(unix.SetsockoptInt(sock, level, discover, unix.IP_PMTUDISC_DO), unix.Connect(sock, at))
		if err != nil {
			return err
		}
		testenv.Holds(func() bool {
			if size, err = unix.GetsockoptInt(sock, level, get); err != nil || size == want {
				return true
			}
			_, _ = unix.Write(sock, make([]byte, min(1450, size-48))) // errors of earlier ones come back here
			return false
		})
		return err
	})
	return size, err
}
