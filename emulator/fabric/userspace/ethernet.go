package userspace

import (
	"encoding/binary"
	"net/netip"

	"testbed/emulator/topology"
)

// Of ARP (RFC 826) and of IPv6's neighbour discovery (RFC 4861).
const (
	etherARP       = 0x0806
	arpBytes       = 28
	arpRequest     = 1
	arpReply       = 2
	solicitation6  = 135
	advertisement6 = 136
)

// routeEthernet is route in a network whose stations ask for hardware addresses. Within a segment frames of all kinds
// go by these alone, as switches let them, and nothing is routed; so a second address, and a way by another station, is
// the stations' own affair. What is for a station in another segment is routed by exchanges; its hardware address is
// told in its place.
func (c *core) routeEthernet(from *port, data []byte) *path {
	if len(data) <= ipAt {
		return c.ignore(from)
	}
	dest := data[virtioLen : virtioLen+6]
	if dest[0]&1 != 0 {
		if to := c.asksBeyond(from, data); to != nil {
			return c.answerFor(from, to, data)
		}
		return c.table.floodPath(from)
	}
	to := c.table.lookup(binary.BigEndian.Uint32(dest[2:]))
	if to == nil || to.mac != [6]byte(dest) {
		return c.table.floodPath(from) // as switches do with what they do not know
	}
	path := c.table.path(from, to)
	switch {
	case to == from:
		return c.ignore(from)
	case path == nil || !path.segment:
		if beyond := c.asksBeyond(from, data); beyond != nil {
			return c.answerFor(from, beyond, data)
		}
		return c.routeIP(from, data)
	case c.partitioned && from.group != to.group:
		c.drops.Parted++
		return nil
	case path.mtu > 0 && packetBytes(data) > path.mtu && !carried(data):
		c.drops.TooBig++
		return nil
	case path.mtu > 0 && packetBytes(data) > path.mtu:
		if special := c.tooBig(from, to, data, path, ownTTL); special != nil {
			return special
		}
	}
	return path
}

// asksBeyond is the station whose hardware address a frame asks for, where that is in no segment of the sender's.
func (c *core) asksBeyond(from *port, data []byte) *port {
	var to *port
	switch at := data[ipAt:]; binary.BigEndian.Uint16(data[virtioLen+12:]) {
	case etherARP:
		if len(at) < arpBytes || binary.BigEndian.Uint16(at[6:]) != arpRequest {
			return nil
		}
		to = c.table.owner(netip.AddrFrom4([4]byte(at[24:])))
	case etherIPv6:
		if len(at) < header6+24 || at[6] != protocolICMP6 || at[header6] != solicitation6 {
			return nil
		}
		to = c.table.owner(netip.AddrFrom16([16]byte(at[header6+8:])))
	}
	if to == nil || to == from {
		return nil
	}
	if p := c.table.path(from, to); p == nil || p.segment {
		return nil
	}
	return to
}

// answerFor makes of a question for another segment's station the answer to its sender, and gives that its path: the
// exchange would answer, after the time to it and back; the hardware address is the station's.
func (c *core) answerFor(from, to *port, data []byte) *path {
	asked := [6]byte(data[virtioLen+6:])
	copy(data[virtioLen:], asked[:])
	copy(data[virtioLen+6:], to.mac[:])
	at := data[ipAt:]
	if binary.BigEndian.Uint16(data[virtioLen+12:]) == etherARP {
		binary.BigEndian.PutUint16(at[6:], arpReply)
		var target [4]byte
		copy(target[:], at[24:28])
		copy(at[18:], at[8:18]) // who asked
		copy(at[8:], to.mac[:])
		copy(at[14:], target[:])
	} else {
		advertise6(at, to)
		data[0] = 0
	}
	return c.table.beyondPath(from, to)
}

// advertise6 makes of a neighbour solicitation, which has its option with the sender's hardware address, the
// advertisement.
func advertise6(ip []byte, to *port) {
	icmp := ip[header6:]
	var asked, target [16]byte
	copy(asked[:], ip[8:])
	copy(target[:], icmp[8:])
	copy(ip[8:], target[:])
	copy(ip[24:], asked[:])
	icmp[0], icmp[1] = advertisement6, 0
	binary.BigEndian.PutUint32(icmp[4:], 0x60000000) // solicited, override
	if len(icmp) >= 32 {
		icmp[24], icmp[25] = 2, 1 // the target's hardware address
		copy(icmp[26:], to.mac[:])
	}
	binary.BigEndian.PutUint16(icmp[2:], 0)
	pseudo := sum(ip[8:40]) + uint32(len(icmp)) + protocolICMP6
	binary.BigEndian.PutUint16(icmp[2:], ^fold(uint32(fold(pseudo))+uint32(fold(sum(icmp)))))
}

// beyondPath is the way of a question to the first exchange on the way to a station, and of the answer back.
func (t *table) beyondPath(from, to *port) *path {
	return t.specialPath(specialKey{pathBeyond, from.index, to.index, 0}, func() *path {
		router := -1
		for _, v := range t.tree(to).Vertices(nil, t.network.Stations[from.index].ID)[1:] {
			if t.routers[v] {
				router++
			}
			if t.network.Topology.Vertices[v].Kind == topology.Exchange {
				break
			}
		}
		p := t.wholeExpiring(from, to, router)
		p.end = &pathEnd{turned: p.end.back}
		return p
	})
}
