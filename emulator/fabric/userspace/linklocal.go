package userspace

import "encoding/binary"

// isLinkLocal says whether an IPv6 address is of its holder's segment alone.
func isLinkLocal(addr []byte) bool { return addr[0] == 0xfe && addr[1]&0xc0 == 0x80 }

// routeLinkLocal is the path of a packet to an address of the sender's own segment (fe80::/10). Nobody routes there:
// its hop limit stays, and what is for another segment is not carried, and counted.
func (c *core) routeLinkLocal(from *port, data, dest []byte) *path {
	to := c.table.lookupLinkLocal(dest)
	if to == from || data[virtioLen]&1 != 0 {
		return c.ignore(from)
	}
	if to == nil {
		from.unreachable++
		c.drops.Foreign++
		return nil
	}
	p := c.table.path(from, to)
	switch {
	case p == nil || !p.segment:
		return c.ignore(from)
	case c.partitioned && from.group != to.group:
		c.drops.Parted++
		return nil
	case p.mtu > 0 && packetBytes(data) > p.mtu:
		if special := c.tooBig(from, to, data, p, ownTTL); special != nil {
			return special
		}
	}
	copy(data[virtioLen:], to.mac[:])
	return p
}

// lookupLinkLocal is the port whose fabric.LinkLocal6 it is; nil: no station's.
func (t *table) lookupLinkLocal(addr []byte) *port {
	var first [8]byte
	first[0], first[1] = 0xfe, 0x80
	if [8]byte(addr) != first || addr[8] != 0 || addr[9] != 0x74 || addr[11] != 0xff || addr[12] != 0xfe {
		return nil
	}
	return t.lookup(uint32(addr[10])<<24 | uint32(addr[13])<<16 | uint32(binary.BigEndian.Uint16(addr[14:])))
}
