package userspace

import (
	"encoding/binary"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// Of IPv4 and ICMP (RFC 791, 792).
const (
	ttlAt        = ipAt + 8
	protocolICMP = 1
	timeExceeded = 11 // ICMP types
	unreachable3 = 3
	hostUnknown  = 1 // codes of unreachable3
	mustCut      = 4
	maxQuoted    = 548         // bytes of a packet that an ICMP message about it carries, so that it has 576
	ownTTL       = 64          // of what routers send
	dummyRouter  = 192<<24 | 8 // 192.0.0.8, the IPv4 dummy address (RFC 7600)
)

// Bounds on what is answered to one station, as routers have them: one message in every answerEvery, after a
// burst of answerBurst.
const (
	icmpInterval = int64(time.Millisecond)
	icmpBurst    = 100 * icmpInterval
)

// pathEnd is what happens to packets at the end of a path that leads to no single station: copies are forwarded along
// branches (a flood), or the router there answers with an ICMP message.
type pathEnd struct {
	branches []*path

	back    *path  // of the ICMP message to the packet's sender; nil: none is sent
	address uint32 // of the router that sends it
	typ     byte   // ICMP type
	code    byte   // ICMP code
	mtu     int    // that the message tells; 0: none
	later   bool   // the message begins its way at an instant that is still to come
	ahead   int64  // ns: by how much that is later than it was decided

	turned   *path     // the packet itself goes on there
	crossing *crossing // another machine goes on with the packet (see cut.go)
}

// finish carries out the pathEnd of a packet that has arrived there.
func (c *core) finish(p *packet) {
	e := p.path.end
	if e.crossing != nil {
		c.crossOver(p)
		return
	}
	if e.turned != nil {
		p.path, p.hop, p.lastQueue, p.firstArrival = e.turned, 0, nil, p.finalArrival
		c.launch(p)
		return
	}
	if e.back != nil {
		c.sendICMP(e, p.data, p.finalArrival)
	}
	for _, b := range e.branches {
		if c.partitioned && b.to != nil && b.from.group != b.to.group {
			c.drops.Parted++
			continue
		}
		if c.pool.bytesHeld > maxBytesHeld {
			c.drops.Overflow++
			break
		}
		copied := c.pool.clone(p)
		copied.path, copied.hop, copied.lastQueue, copied.firstArrival = b, 0, nil, p.finalArrival
		c.launch(copied)
	}
	c.pool.recycle(p)
}

// decrementTTL takes by from the time to live, and updates the header's checksum (RFC 1141).
func decrementTTL(data []byte, by int) {
	data[ttlAt] -= byte(by)
	s := uint32(binary.BigEndian.Uint16(data[ipAt+10:])) + uint32(by)<<8
	binary.BigEndian.PutUint16(data[ipAt+10:], uint16(s+s>>16))
}

// expire is the path of a packet whose time to live ends on the way from one station to another.
func (c *core) expire(from, to *port, data []byte) *path {
	c.drops.Expired++
	left := max(int(data[ttlAt]), 1)
	if data[ttlAt] > 1 {
		decrementTTL(data, left-1)
	}
	return c.table.expiringPath(from, to, left-1)
}

// sendICMP sends an ICMP message about a packet to its sender, at the instant at (ns), unless the sender's budget of
// messages is spent.
func (c *core) sendICMP(e *pathEnd, about []byte, at int64) {
	to := e.back.to
	six := isIPv6(about)
	now := at - e.ahead // what is to be said later takes nothing of what may be said until then
	if may := six && mayAnswer6(about) || !six && mayAnswer(about); !may || to.icmpNext > now+icmpBurst {
		return
	}
	to.icmpNext = max(to.icmpNext, now) + icmpInterval
	var data []byte
	if six {
		data = c.icmp6(e, about)
	} else {
		data = c.icmp4(e, about)
	}
	mac := hardware(e.address)
	copy(data[virtioLen:], to.mac[:])
	copy(data[virtioLen+6:], mac[:])
	p := c.pool.packet()
	p.data, p.path, p.firstArrival = data, e.back, at
	p.setWireSize(burstLayout{}, false)
	if e.later && p.path.leadDelay == 0 {
		p.finalArrival = at
		c.schedule(p, at)
		return
	}
	c.launch(p)
}

// icmp4 writes a message about a packet.
func (c *core) icmp4(e *pathEnd, about []byte) []byte {
	quoted := min(len(about)-ipAt, maxQuoted)
	data := c.pool.buffer(ipAt + 20 + 8 + quoted)
	clear(data[:ipAt+20+8])
	binary.BigEndian.PutUint16(data[virtioLen+12:], etherIPv4)
	ip, icmp := data[ipAt:ipAt+20], data[ipAt+20:]
	ip[0], ip[1], ip[8], ip[9] = 0x45, 0xc0, byte(max(1, ownTTL-e.back.routers)), protocolICMP
	binary.BigEndian.PutUint16(ip[2:], uint16(len(data)-ipAt))
	binary.BigEndian.PutUint32(ip[12:], e.address)
	copy(ip[16:], about[ipAt+12:ipAt+16])
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip)))
	icmp[0], icmp[1] = e.typ, e.code
	binary.BigEndian.PutUint16(icmp[6:], uint16(e.mtu))
	copy(icmp[8:], about[ipAt:])
	binary.BigEndian.PutUint16(icmp[2:], ^fold(sum(icmp)))
	return data
}

// mayAnswer says whether a packet may be answered (RFC 1122, 3.2.2): not a later fragment, and no message about
// another packet.
func mayAnswer(data []byte) bool {
	header := int(data[ipAt]&0x0f) * 4
	if binary.BigEndian.Uint16(data[ipAt+6:])&0x1fff != 0 {
		return false
	}
	if data[ipAt+9] != protocolICMP {
		return true
	}
	if len(data) <= ipAt+header {
		return false
	}
	switch data[ipAt+header] {
	case 0, 8, 13, 14: // echo and timestamp
		return true
	}
	return false
}

// specialKey tells the paths apart that end at no single station.
type specialKey struct {
	kind         byte
	from, to, at int
}

const (
	pathExpires = iota
	pathUnreachable
	pathFlood
	pathTooBig
	pathBeyond
	pathDown
)

// maxSpecialPaths is how many such paths are cached.
const maxSpecialPaths = 1 << 14

// specialPath looks a path up in the cache, or finds it.
func (t *table) specialPath(k specialKey, find func() *path) *path {
	if p := t.specialPaths[k]; p != nil {
		return p
	}
	p := find()
	if len(t.specialPaths) >= maxSpecialPaths {
		clear(t.specialPaths)
	}
	t.specialPaths[k] = p
	return p
}

// expiringPath is the path towards a station as far as its router of that index (from 0), where the time to live is
// over.
func (t *table) expiringPath(from, to *port, router int) *path {
	return t.specialPath(specialKey{pathExpires, from.index, to.index, router}, func() *path {
		p := t.wholeExpiring(from, to, router)
		x := crossing{kind: 1 + pathExpires, router: uint16(router), from: t.addr(from), toAddress: t.addr(to)}
		t.crosses(p, x)
		return p
	})
}

// wholeExpiring is that path, whichever machines carry it.
func (t *table) wholeExpiring(from, to *port, router int) *path {
	source := t.network.Stations[from.index].ID
	full := t.wholePath(t.tree(to), source, to)
	vertices := t.tree(to).Vertices(nil, source)
	p := &path{keepsBursts: full.keepsBursts}
	var behind []*gate
	links := 0
	for _, v := range vertices[1:] {
		if t.network.Topology.Vertices[v].Kind == topology.Link {
			links++
			behind = nil
		} else {
			behind = append(behind, t.gates[v])
		}
		if !t.routers[v] {
			continue
		}
		if router--; router < 0 {
			p.hops, p.lastGates = full.hops[:links], behind
			p.end = t.icmpReply(v, from, timeExceeded, 0)
			break
		}
	}
	return p
}

// unreachablePath is the path of packets to addresses that no station has: to the sender's first router, which
// answers that the host is unreachable.
func (t *table) unreachablePath(from *port) *path {
	return t.specialPath(specialKey{pathUnreachable, from.index, 0, 0}, func() *path {
		p := t.wholeUnreachable(from)
		t.crosses(p, crossing{kind: 1 + pathUnreachable, from: t.addr(from)})
		return p
	})
}

// wholeUnreachable is that path, whichever machines carry it.
func (t *table) wholeUnreachable(from *port) *path {
	top, station := t.network.Topology, t.network.Stations[from.index].ID
	for _, e := range top.Adjacency[station] {
		if top.Vertices[e.To].Kind != topology.Link {
			continue
		}
		at := t.index[topology.Channel{Link: e.To, Dir: top.Direction(e.To, station)}]
		h := hop{queue: t.queues[at], extraDelay: int64(e.Delay), gates: []*gate{t.gates[e.To]}}
		p := &path{keepsBursts: !t.shapes[at].splitsBursts()}
		if t.routers[e.To] {
			p.hops, p.end = []hop{h}, t.icmpReply(e.To, from, unreachable3, hostUnknown)
			return p
		}
		for _, on := range top.Adjacency[e.To] {
			if on.To != station && t.routers[on.To] {
				h.extraDelay += int64(on.Delay)
				p.hops, p.lastGates = []hop{h}, []*gate{t.gates[on.To]}
				p.end = t.icmpReply(on.To, from, unreachable3, hostUnknown)
				return p
			}
		}
	}
	return &path{keepsBursts: true, end: t.icmpReply(-1, from, unreachable3, hostUnknown)}
}

// icmpReply is the end of a path at a router that answers; router -1: at the sender itself, for want of a router.
func (t *table) icmpReply(router topology.ID, to *port, typ, code byte) *pathEnd {
	e := &pathEnd{typ: typ, code: code, address: dummyRouter, back: &path{to: to, keepsBursts: true}}
	if router < 0 {
		return e
	}
	e.address = addrInt(fabric.RouterAddr(router))
	tree := t.tree(to)
	if tree.Reaches(router) {
		e.back = t.wholePath(tree, router, to)
		// The router tells these packets from others on the wire: their way to the next queue may be another one.
		t.crosses(e.back, crossing{from: e.address, toAddress: t.addr(to)})
	}
	return e
}
