package userspace

import (
	"encoding/binary"
	"slices"

	"testbed/emulator/topology"
)

// Of IPv4's fragments (RFC 791).
const (
	fragmentAt   = ipAt + 6
	dontFragment = 0x4000
	moreFollow   = 0x2000
	fragmentUnit = 8 // bytes
)

// packetBytes is the length of the IP packet in a frame, of a burst that of its largest segment.
func packetBytes(data []byte) int {
	if l, isBurst := parseBurst(data); isBurst {
		return l.payloadAt - ipAt + min(l.size, len(data)-l.payloadAt)
	}
	return len(data) - ipAt
}

// tooBig is the path of a packet that is too big for a link on its way and must not be cut: to the router in front of
// that link, which says so to its sender. nil: it goes on, for its time to live ends before, or it may be cut: arrive
// does so with what IPv4 lets be cut, where the packet begins its way.
func (c *core) tooBig(from, to *port, data []byte, path *path, timeToLive int) *path {
	if !isIPv6(data) && binary.BigEndian.Uint16(data[fragmentAt:])&dontFragment == 0 {
		return nil
	}
	size := packetBytes(data)
	at := slices.IndexFunc(path.narrow, func(n narrow) bool { return n.mtu < size })
	if at < 0 || timeToLive <= path.narrow[at].routers {
		return nil
	}
	c.drops.TooBig++
	return c.table.tooBigPath(from, to, path.narrow[at].hop)
}

// inFragments injects a packet of IPv4 that is too big for its path in fragments that are not.
func (c *core) inFragments(data []byte, path *path, now int64) {
	header := int(data[ipAt]&0x0f) * 4
	if isIPv6(data) || header < 20 || ipAt+header > len(data) { // nothing that anybody could cut
		c.drops.TooBig++
		return
	}
	completeChecksum(data)
	field := binary.BigEndian.Uint16(data[fragmentAt:])
	room := (path.mtu - header) / fragmentUnit * fragmentUnit
	payload := data[ipAt+header:]
	for at := 0; at < len(payload); at += room {
		part := payload[at:min(at+room, len(payload))]
		f := c.pool.buffer(ipAt + header + len(part))
		copy(f, data[:ipAt+header])
		copy(f[ipAt+header:], part)
		offset := field + uint16(at/fragmentUnit)
		if at+room < len(payload) {
			offset |= moreFollow
		}
		ip := f[ipAt : ipAt+header]
		binary.BigEndian.PutUint16(ip[2:], uint16(len(f)-ipAt))
		binary.BigEndian.PutUint16(ip[6:], offset)
		binary.BigEndian.PutUint16(ip[10:], 0)
		binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip)))
		c.inject(f, burstLayout{}, false, path, now)
	}
}

// tooBigPath is the path of a packet to the router in front of the link of a hop, which does not take it.
func (t *table) tooBigPath(from, to *port, hop int) *path {
	return t.specialPath(specialKey{pathTooBig, from.index, to.index, hop}, func() *path {
		p := t.wholeTooBig(from, to, hop)
		t.crosses(p, crossing{kind: 1 + pathTooBig, router: uint16(hop), from: t.addr(from), toAddress: t.addr(to)})
		return p
	})
}

// wholeTooBig is that path, whichever machines carry it.
func (t *table) wholeTooBig(from, to *port, hop int) *path {
	source, tree := t.network.Stations[from.index].ID, t.tree(to)
	full := t.wholePath(tree, source, to)
	if hop >= len(full.hops) { // of another machine's table
		return &path{keepsBursts: true, end: &pathEnd{}}
	}
	p := &path{keepsBursts: true}
	router := topology.ID(-1) // where none is on the way, the sender's own interface was to know
	if hop > 0 {
		p.keepsBursts, p.hops, p.lastGates = full.keepsBursts, full.hops[:hop], full.hops[hop].gates
		if n := len(p.lastGates); n > 0 { // all but the link's own
			p.lastGates = p.lastGates[:n-1]
		}
		router = t.routerBefore(tree.Vertices(nil, source), hop)
	}
	p.end = t.icmpReply(router, from, unreachable3, mustCut)
	p.end.mtu = full.hops[hop].mtu
	return p
}

// routerBefore is the last router on a way in front of the link of a hop; -1: there is none.
func (t *table) routerBefore(way []topology.ID, hop int) topology.ID {
	router := topology.ID(-1)
	for _, v := range way[1:] {
		isLink := t.network.Topology.Vertices[v].Kind == topology.Link
		if isLink && hop == 0 {
			break
		}
		if isLink {
			hop--
		}
		if t.routers[v] {
			router = v
		}
	}
	return router
}
