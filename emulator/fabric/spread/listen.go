package spread

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// listen has the machine listen, once, and says at which host:port the others reach it.
func (c *carried) listen(ctx context.Context, host string) (string, error) {
	if c.address != "" {
		return c.address, nil
	}
	own, err := addresses()
	if err != nil {
		return "", err
	}
	host, at, err := bindTo(host, own, func(name string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	})
	if err != nil {
		return "", err
	}
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		return "", fmt.Errorf("listen for the other machines: %w", err)
	}
	c.listener = l
	c.address = net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	return c.address, nil
}

// addresses are this machine's own, of all kinds.
func addresses() ([]netip.Addr, error) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var all []netip.Addr
	for _, a := range found {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, prefix.Addr())
		}
	}
	return all, nil
}

var errNoAddress = errors.New("the machine has no address at which others could reach it: name one (address)")

// bindTo is the host at which the others reach this machine, and the address to listen at for that: the one that is
// named, where it is this machine's own, all of them where it is not, and the first of its own where none is named.
func bindTo(
	named string, own []netip.Addr, lookup func(string) ([]netip.Addr, error),
) (host string, at netip.Addr, err error) {
	if named == "" {
		i := slices.IndexFunc(own, netip.Addr.IsGlobalUnicast)
		if i < 0 {
			return "", at, errNoAddress
		}
		return own[i].String(), own[i], nil
	}
	if a, err := netip.ParseAddr(named); err == nil {
		if slices.Contains(own, a.Unmap().WithZone("")) || a.IsLoopback() {
			return named, a, nil
		}
		return named, netip.IPv6Unspecified(), nil
	}
	found, err := lookup(named)
	for _, a := range found {
		// A machine's own name is often a loopback's in its own files.
		if a = a.Unmap(); slices.Contains(own, a) && !a.IsLoopback() {
			return named, a, nil
		}
	}
	var unknown *net.DNSError
	if err != nil && !errors.As(err, &unknown) {
		return "", at, err
	}
	return named, netip.IPv6Unspecified(), nil // the others may know the name
}
