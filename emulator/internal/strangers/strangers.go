// Package strangers bounds how many connections a server has of those who have not proved yet who they are: in all, and
// from one address, so that nobody keeps the others out by connecting often and saying nothing.
package strangers

import (
	"net"
	"net/netip"
	"sync"
)

// Door counts strangers. Its methods may be called at the same time.
type Door struct {
	most, each int

	mu   sync.Mutex
	from map[string]int
	all  int
}

// New is a door for so many strangers at most, and so many from one address.
func New(most, each int) *Door { return &Door{most: most, each: each, from: map[string]int{}} }

// Enter takes a connection in, unless there are too many. Where it does, Leave is to be called with the address.
func (d *Door) Enter(from net.Addr) bool {
	key := origin(from)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= d.most || d.from[key] >= d.each {
		return false
	}
	d.all++
	d.from[key]++
	return true
}

// Leave is the end of being a stranger: the connection is closed, or known.
func (d *Door) Leave(from net.Addr) {
	key := origin(from)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.from[key]--; d.from[key] == 0 {
		delete(d.from, key)
	}
}

// Inside is how many there are.
func (d *Door) Inside() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all
}

// subnet is how many bits of an IPv6 address are mostly one customer's.
const subnet = 64

// origin is by what connections are counted: an IPv4 address, or the network of an IPv6 one.
func origin(from net.Addr) string {
	at, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return from.String()
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() && !address.IsLinkLocalUnicast() {
		if prefix, err := address.Prefix(subnet); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}
