package userspace

import (
	"encoding/binary"
	"net/netip"

	"testbed/emulator/fabric"
)

// Of IPv6 and ICMPv6 (RFC 8200, 4443).
const (
	etherIPv6      = 0x86dd
	header6        = 40
	hopLimitAt     = ipAt + 7
	source6At      = ipAt + 8
	dest6At        = ipAt + 24
	protocolICMP6  = 58
	unreachable6   = 1 // ICMPv6 types
	tooBig6        = 2
	timeExceeded6  = 3
	echo6          = 128 // and below: errors
	addressUnknown = 3   // codes of unreachable6
	maxQuoted6     = 1280 - header6 - 8
)

// isIPv6 says whether a frame carries IPv6.
func isIPv6(data []byte) bool { return binary.BigEndian.Uint16(data[virtioLen+12:]) == etherIPv6 }

// carried says whether a frame is one that routers read: of IPv4 or IPv6, with the header as a whole.
func carried(data []byte) bool {
	if len(data) < ipAt+20 {
		return false
	}
	switch binary.BigEndian.Uint16(data[virtioLen+12:]) {
	case etherIPv4:
		return true
	case etherIPv6:
		return len(data) >= ipAt+header6
	}
	return false
}

// route6 is route for IPv6. A station's address follows from its IPv4 one (fabric.Addr6), so that paths are those of
// that.
func (c *core) route6(from *port, data []byte) *path {
	if !carried(data) {
		return c.ignore(from)
	}
	dest := data[dest6At : dest6At+16]
	if dest[0] == 0xff {
		return c.routeGroup6(from, data, dest)
	}
	if isLinkLocal(dest) {
		return c.routeLinkLocal(from, data, dest)
	}
	to := c.table.lookup6(dest)
	if c.routed {
		to = c.table.onto(from, to, netip.AddrFrom16([16]byte(dest)))
	}
	switch {
	case to == from || data[virtioLen]&1 != 0:
		return c.ignore(from)
	case to == nil:
		from.unreachable++
		c.drops.Foreign++
		return c.table.unreachablePath(from)
	}
	limit := int(data[hopLimitAt])
	path, over := c.way(from, to, data, limit)
	if over {
		return path
	}
	if isLinkLocal(data[source6At:]) && !path.segment { // which no router sends on
		return c.ignore(from)
	}
	if path.expires(limit) {
		c.drops.Expired++
		data[hopLimitAt] = byte(min(limit, 1)) // as the router sees it
		return c.table.expiringPath(from, to, max(limit, 1)-1)
	}
	data[hopLimitAt] -= byte(path.routers)
	copy(data[virtioLen:], to.mac[:])
	return path
}

// routeGroup6 is the path of a frame to a group of receivers. Interface-local ones leave no station.
func (c *core) routeGroup6(from *port, data, dest []byte) *path {
	if dest[1]&0x0f <= 1 {
		return c.ignore(from)
	}
	copy(data[virtioLen:], []byte{0x33, 0x33, dest[12], dest[13], dest[14], dest[15]})
	return c.table.floodPath(from)
}

// mayAnswer6 says whether a packet may be answered (RFC 4443, 2.4): no error, and nothing that is for many.
func mayAnswer6(about []byte) bool {
	if about[dest6At] == 0xff || about[source6At] == 0xff {
		return false
	}
	return about[ipAt+6] != protocolICMP6 || len(about) > ipAt+header6 && about[ipAt+header6] >= echo6
}

// icmp6 writes a message about a packet, from the router of an IPv4 address.
func (c *core) icmp6(e *pathEnd, about []byte) []byte {
	quoted := min(len(about)-ipAt, maxQuoted6)
	data := c.pool.buffer(ipAt + header6 + 8 + quoted)
	clear(data[:ipAt+header6+8])
	binary.BigEndian.PutUint16(data[virtioLen+12:], etherIPv6)
	ip, icmp := data[ipAt:ipAt+header6], data[ipAt+header6:]
	ip[0], ip[6], ip[7] = 0x60, protocolICMP6, byte(max(1, ownTTL-e.back.routers))
	binary.BigEndian.PutUint16(ip[4:], uint16(8+quoted))
	from := fabric.Router6(netip.AddrFrom4(bytes4(e.address))).As16()
	copy(ip[8:], from[:])
	copy(ip[24:], about[source6At:source6At+16])
	icmp[0], icmp[1] = e.type6()
	binary.BigEndian.PutUint32(icmp[4:], uint32(e.mtu))
	copy(icmp[8:], about[ipAt:ipAt+quoted])
	pseudo := sum(ip[8:40]) + uint32(len(icmp)) + protocolICMP6
	binary.BigEndian.PutUint16(icmp[2:], ^fold(uint32(fold(pseudo))+uint32(fold(sum(icmp)))))
	return data
}

// type6 is what the message's type and code are called in IPv6.
func (e *pathEnd) type6() (typ, code byte) {
	switch {
	case e.typ == timeExceeded:
		return timeExceeded6, 0
	case e.mtu > 0:
		return tooBig6, 0
	}
	return unreachable6, addressUnknown
}

func bytes4(addr uint32) (b [4]byte) {
	binary.BigEndian.PutUint32(b[:], addr)
	return b
}
