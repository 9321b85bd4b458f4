package userspace

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"testbed/emulator/topology"
)

// routeSpecial is route for a frame that is for several stations (multicast, broadcast) or for none. It counts what is
// not carried.
func (c *core) routeSpecial(from *port, data []byte) *path {
	group := data[virtioLen]&1 != 0
	addr := binary.BigEndian.Uint32(data[ipAt+16:])
	switch {
	case addr>>28 == 0xe: // 224.0.0.0/4
		copy(data[virtioLen:], []byte{0x01, 0x00, 0x5e, data[ipAt+17] & 0x7f, data[ipAt+18], data[ipAt+19]})
		return c.table.floodPath(from)
	case from.everybody(addr):
		copy(data[virtioLen:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		return c.table.floodPath(from)
	case group || c.table.owner(netip.AddrFrom4([4]byte(data[ipAt+16:]))) == from:
		return c.ignore(from)
	}
	from.unreachable++
	c.drops.Foreign++
	return c.table.unreachablePath(from)
}

// everybody says whether an address is that of all stations of a port's networks.
func (p *port) everybody(addr uint32) bool {
	return addr == 0xffffffff || addr == p.broadcast || slices.Contains(p.broadcasts, addr)
}

// ignore counts a frame of a kind that is not emulated.
func (c *core) ignore(from *port) *path {
	from.ignored++
	c.drops.Foreign++
	return nil
}

// floodPath is the path of a frame to all stations of the sender's segment: those that it reaches through switches,
// media and links alone. It is a tree, so that the frame is enqueued once in each queue on it, as it crosses a link
// or a shared medium once, whoever receives it.
func (t *table) floodPath(from *port) *path {
	return t.specialPath(specialKey{pathFlood, from.index, 0, 0}, func() *path {
		whole := t.wholeFlood(from)
		if t.cut == nil {
			return whole
		}
		return t.carried(whole, t.addr(from), whole.numbers())
	})
}

// wholeFlood is that tree, whichever machines carry it.
func (t *table) wholeFlood(from *port) *path {
	root := &path{keepsBursts: true, end: &pathEnd{}}
	source := t.network.Stations[from.index].ID
	for _, to := range t.ports {
		if to == from {
			continue
		}
		way := t.path(from, to)
		if way == nil || !t.sameSegment(from, to) {
			continue
		}
		if t.cut != nil { // way ends where another machine goes on
			way = t.wholePath(t.tree(to), source, to)
		}
		root.graft(from, way)
	}
	return root
}

// sameSegment says whether the path between two stations, which exists, leads through no exchange, which would not
// forward broadcasts.
func (t *table) sameSegment(from, to *port) bool {
	t.scratch.vertices = t.tree(to).Vertices(t.scratch.vertices[:0], t.network.Stations[from.index].ID)
	for _, v := range t.scratch.vertices {
		if t.network.Topology.Vertices[v].Kind == topology.Exchange {
			return false
		}
	}
	return true
}

// graft adds the path to one station to a tree.
func (p *path) graft(from *port, way *path) {
	lead := way.leadDelay
	at := p
	for _, h := range way.hops {
		at = at.branch(h, lead)
		lead = h.extraDelay
	}
	leaf := &path{from: from, to: way.to, lastGates: way.lastGates, leadDelay: lead, keepsBursts: true}
	at.end.branches = append(at.end.branches, leaf)
}

// branch finds, or adds, the branch that begins with the queue of h, a delay of lead (ns) after the end of p.
func (p *path) branch(h hop, lead int64) *path {
	for _, b := range p.end.branches {
		if len(b.hops) == 1 && b.hops[0].queue == h.queue && b.leadDelay == lead {
			return b
		}
	}
	b := &path{hops: []hop{{queue: h.queue, gates: h.gates}}, leadDelay: lead, keepsBursts: true, end: &pathEnd{}}
	p.end.branches = append(p.end.branches, b)
	return b
}
