package measure

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// version is what sockets of one version of IP need.
type version struct {
	domain         int
	icmp           int
	request, reply byte // types of ICMP's echoes
	tcp            string
}

func versionOf(addr netip.Addr) version {
	if addr.Is4() {
		return version{unix.AF_INET, unix.IPPROTO_ICMP, 8, 0, "tcp4"}
	}
	return version{unix.AF_INET6, unix.IPPROTO_ICMPV6, 128, 129, "tcp6"}
}

// socket opens one.
func (v version) socket(kind, protocol int) (int, error) {
	socket, err := unix.Socket(v.domain, kind|unix.SOCK_CLOEXEC, protocol)
	return socket, v.named(err)
}

// named says of an error that it is for want of IPv6.
func (v version) named(err error) error {
	if v.domain == unix.AF_INET6 && errors.Is(err, unix.EAFNOSUPPORT) {
		return fmt.Errorf("%w: %w", ErrNoIPv6, err)
	}
	return err
}

// at is a socket's address without a port.
func (v version) at(addr netip.Addr) unix.Sockaddr {
	if v.domain == unix.AF_INET {
		return &unix.SockaddrInet4{Addr: addr.As4()}
	}
	return &unix.SockaddrInet6{Addr: addr.As16()}
}

// port is a socket's address with its port.
func (v version) port(to netip.AddrPort) unix.Sockaddr {
	if v.domain == unix.AF_INET {
		return &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}
	}
	return &unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())}
}
