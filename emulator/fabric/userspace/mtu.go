package userspace

import (
	"encoding/binary"

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

// tooBig is what becomes of a packet that is too big for a link on its path. Where it must not be cut it goes as far as
// the router in front of that link, which says so to its sender; else it is carried in fragments, as routers of IPv4 make
// them, though all of them are made where the packet begins its way.
func (c *core) tooBig(from, to *port, data []byte, path *path) *path {
	whole := isIPv6(data) || binary.BigEndian.Uint16(data[fragmentAt:])&dontFragment != 0
	if !whole {
		decrementTTL(data, path.routers)
		copy(data[virtioLen:], to.mac[:])
		return path // arrive cuts it
	}
	c.drops.TooBig++
	return c.table.tooBigPath(from, to, packetBytes(data))
}

// inFragments injects a packet of IPv4 that is too big for its path in fragments that are not.
func (c *core) inFragments(data []byte, path *path, now int64) {
	completeChecksum(data)
	header := int(data[ipAt]&0x0f) * 4
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

// tooBigPath is the path of a packet of so many bytes to the router in front of the first link that does not take it.
func (t *table) tooBigPath(from, to *port, size int) *path {
	links := 0
	for i, m := range t.mtus(from, to) {
		if m > 0 && m < size {
			links = i
			break
		}
	}
	return t.specialPath(specialKey{pathTooBig, from.index, to.index, links}, func() *path {
		p := t.wholeTooBig(from, to, links)
		t.crosses(p, crossing{kind: 1 + pathTooBig, router: uint16(links), from: t.addr(from), toAddress: t.addr(to)})
		return p
	})
}

// mtus are those of the links from one station to another, in their order; 0: of any packet.
func (t *table) mtus(from, to *port) []int {
	hops, _ := t.tree(to).Hops(nil, t.network.Stations[from.index].ID)
	all := make([]int, len(hops))
	for i, h := range hops {
		all[i] = t.shapes[t.index[h.Channel]].mtu
	}
	return all
}

// wholeTooBig is that path, in front of the link of that index on the way, whichever machines carry it.
func (t *table) wholeTooBig(from, to *port, links int) *path {
	source := t.network.Stations[from.index].ID
	full, mtus := t.wholePath(t.tree(to), source, to), t.mtus(from, to)
	if links >= len(mtus) { // of another machine's table
		return &path{keepsBursts: true, end: &pathEnd{}}
	}
	if links == 0 { // no router is on the way: the sender's own interface was to know
		p := &path{keepsBursts: true, end: t.icmpReply(-1, from, unreachable3, mustCut)}
		p.end.mtu = mtus[0]
		return p
	}
	p := &path{keepsBursts: full.keepsBursts, hops: full.hops[:links]}
	router, passed := topology.ID(-1), 0
	for _, v := range t.tree(to).Vertices(nil, source)[1:] {
		isLink := t.network.Topology.Vertices[v].Kind == topology.Link
		if isLink && passed == links {
			break
		}
		if isLink {
			passed++
			p.lastGates = nil
		} else {
			p.lastGates = append(p.lastGates, t.gates[v])
		}
		if t.routers[v] {
			router = v
		}
	}
	p.end = t.icmpReply(router, from, unreachable3, mustCut)
	p.end.mtu = mtus[links]
	return p
}
