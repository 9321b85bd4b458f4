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
	hostUnknown  = 1   // code of unreachable3
	mostQuoted   = 548 // bytes of a packet that an ICMP message about it carries, so that it has 576
	ownTTL       = 64  // of what routers send
	nameless     = 192<<24 | 8
)

// Bounds on what is answered to one station, as routers have them: one message in every answerEvery, after a
// burst of answerBurst.
const (
	answerEvery = int64(time.Millisecond)
	answerBurst = 100 * answerEvery
)

// ending is what becomes of packets at the end of a path that leads to no station: they go on in copies, or
// the router there answers.
type ending struct {
	branches []*path

	back    *path // of the answer; its end is the packet's sender
	address uint32
	typ     byte
	code    byte
}

// end carries out the end of a packet's path.
func (c *core) end(p *packet) {
	e := p.path.end
	if e.back != nil {
		c.answer(e, p.data, p.final)
	}
	for _, b := range e.branches {
		if c.parted && b.to != nil && b.from.group != b.to.group {
			c.drops.Parted++
			continue
		}
		if c.pool.held > mostInHands {
			c.drops.Overflow++
			break
		}
		twin := c.pool.twin(p)
		twin.path, twin.hop, twin.queue, twin.first = b, 0, nil, p.final
		c.launch(twin)
	}
	c.pool.recycle(p)
}

// age takes what routers take from the time to live, and mends the header's checksum (RFC 1141).
func age(data []byte, by int) {
	data[ttlAt] -= byte(by)
	s := uint32(binary.BigEndian.Uint16(data[ipAt+10:])) + uint32(by)<<8
	binary.BigEndian.PutUint16(data[ipAt+10:], uint16(s+s>>16))
}

// expire is the path of a packet whose time to live ends on its way.
func (c *core) expire(from, to *port, data []byte) *path {
	c.drops.Expired++
	left := max(int(data[ttlAt]), 1)
	if data[ttlAt] > 1 {
		age(data, left-1)
	}
	return c.table.dying(from, to, left-1)
}

// answer sends an ICMP message about a packet to its sender, at the instant at.
func (c *core) answer(e *ending, about []byte, at int64) {
	to := e.back.to
	if !answerable(about) || to.answered > at+answerBurst {
		return
	}
	to.answered = max(to.answered, at) + answerEvery
	quoted := min(len(about)-ipAt, mostQuoted)
	data := c.pool.buffer(ipAt + 20 + 8 + quoted)
	clear(data[:ipAt+20+8])
	mac := hardware(e.address)
	copy(data[virtioLen:], to.mac[:])
	copy(data[virtioLen+6:], mac[:])
	binary.BigEndian.PutUint16(data[virtioLen+12:], etherIPv4)
	ip, icmp := data[ipAt:ipAt+20], data[ipAt+20:]
	ip[0], ip[1], ip[8], ip[9] = 0x45, 0xc0, byte(max(1, ownTTL-e.back.routers)), protocolICMP
	binary.BigEndian.PutUint16(ip[2:], uint16(len(data)-ipAt))
	binary.BigEndian.PutUint32(ip[12:], e.address)
	copy(ip[16:], about[ipAt+12:ipAt+16])
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip)))
	icmp[0], icmp[1] = e.typ, e.code
	copy(icmp[8:], about[ipAt:])
	binary.BigEndian.PutUint16(icmp[2:], ^fold(sum(icmp)))
	p := c.pool.packet()
	p.data, p.path, p.first = data, e.back, at
	p.charge(layout{}, false)
	c.launch(p)
}

// answerable says whether a packet may be answered (RFC 1122, 3.2.2): not a later fragment, and no message about
// another packet.
func answerable(data []byte) bool {
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

// key tells ways apart that end at no station.
type key struct {
	kind         byte
	from, to, at int
}

const (
	wayDying = iota
	wayNowhere
	wayMany
)

// mostWays is how many such ways are remembered.
const mostWays = 1 << 14

// way finds a way, or makes it.
func (t *table) way(k key, find func() *path) *path {
	if p := t.ways[k]; p != nil {
		return p
	}
	p := find()
	if len(t.ways) >= mostWays {
		clear(t.ways)
	}
	t.ways[k] = p
	return p
}

// dying is the way to a station as far as the router of that number, from 0, where the time to live is over.
func (t *table) dying(from, to *port, router int) *path {
	return t.way(key{wayDying, from.index, to.index, router}, func() *path {
		full := t.path(from, to)
		vertices := t.tree(to).Vertices(nil, t.network.Stations[from.index].ID)
		p := &path{whole: full.whole}
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
				p.hops, p.last = full.hops[:links], behind
				p.end = t.reply(v, from, timeExceeded, 0)
				break
			}
		}
		return p
	})
}

// nowhere is the way of packets to addresses that nobody has: to the station's first router, which says so.
func (t *table) nowhere(from *port) *path {
	return t.way(key{wayNowhere, from.index, 0, 0}, func() *path {
		top, station := t.network.Topology, t.network.Stations[from.index].ID
		for _, e := range top.Adjacency[station] {
			if top.Vertices[e.To].Kind != topology.Link {
				continue
			}
			at := t.index[topology.Channel{Link: e.To, Dir: top.Direction(e.To, station)}]
			h := hop{queue: t.queues[at], extra: int64(e.Delay), gates: []*gate{t.gates[e.To]}}
			p := &path{whole: !t.shapes[at].single()}
			if t.routers[e.To] {
				p.hops, p.end = []hop{h}, t.reply(e.To, from, unreachable3, hostUnknown)
				return p
			}
			for _, on := range top.Adjacency[e.To] {
				if on.To != station && t.routers[on.To] {
					h.extra += int64(on.Delay)
					p.hops, p.last = []hop{h}, []*gate{t.gates[on.To]}
					p.end = t.reply(on.To, from, unreachable3, hostUnknown)
					return p
				}
			}
		}
		return &path{whole: true, end: t.reply(-1, from, unreachable3, hostUnknown)}
	})
}

// reply is the end of a path at a router that answers; -1: at the sender itself, for want of a router.
func (t *table) reply(router topology.ID, to *port, typ, code byte) *ending {
	e := &ending{typ: typ, code: code, address: nameless, back: &path{to: to, whole: true}}
	if router < 0 {
		return e
	}
	e.address = number(fabric.RouterAddr(router))
	tree := t.tree(to)
	if tree.Reaches(router) {
		e.back = t.along(tree, router, to)
	}
	return e
}
