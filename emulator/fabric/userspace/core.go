package userspace

import (
	"encoding/binary"
	"net/netip"

	"testbed/emulator/health"
)

// output takes frames at their destination, where they were due at an instant (ns). data is valid during the call only.
type output interface {
	deliver(to *port, due int64, data []byte)
}

// port is where a station is attached.
type port struct {
	name  string
	index int   // in the table in force
	group int32 // of the partition
	mac   [6]byte
	net6  [12]byte // what its IPv6 address begins with, in front of the IPv4 one
	fd    int      // the TAP device; -1: none
	lost  string   // why the device had to be given up; empty: it was not

	unreachable, ignored, errors uint64
	failures                     int // of reads, one after the other
	written                      health.Histogram
	heard                        uint64 // see punctuality.found

	broadcast  uint32   // its network's broadcast address; 0: none
	broadcasts []uint32 // those of further networks of its
	detours    detours  // nil: it has no routes of its own
	icmpNext   int64    // ns: when the messages sent to it would be over at one in icmpInterval (a leaky bucket)
}

// Drops counts packets that met no queue's limit but were not carried on.
type Drops struct {
	Foreign  uint64 `json:"foreign"`  // neither IPv4 nor IPv6, or not to a station
	NoPath   uint64 `json:"no_path"`  // to a station that cannot be reached
	Expired  uint64 `json:"expired"`  // whose time to live was over on their way
	TooBig   uint64 `json:"too_big"`  // for a link on their way, and not to be cut
	Overflow uint64 `json:"overflow"` // the fabric's memory was full
	// Parted are packets from one group of a partition to another; Down those that came to a link, host or
	// switch that is down (see Stats.DownAt).
	Parted uint64 `json:"parted,omitempty"`
	Down   uint64 `json:"down,omitempty"`
}

// core is the fabric's arithmetic: it routes, enqueues, transmits and delivers. It knows the time only from its callers
// and touches no kernel object.
type core struct {
	table       *table
	events      eventHeap
	seq         uint64
	pool        pool
	out         output
	over        carrier // to other machines; nil: there is none
	hostLatency int64   // ns: the host's own, which is subtracted from arrival times
	drops       Drops
	late        health.Histogram // how late events were carried out
	anyDown     bool             // some vertex is down: gates have to be looked at
	partitioned bool             // there is a partition
	arp         bool             // stations ask for hardware addresses, and frames go by those
	routed      bool             // some station has more than one address of each version of IP, or routes
}

func newCore(t *table, out output) *core {
	c := &core{out: out, events: make(eventHeap, 0, 1024)}
	c.install(t, 0)
	return c
}

// next is when the earliest event is due (ns); any is false where there is none.
func (c *core) next() (at int64, any bool) {
	if len(c.events) == 0 {
		return 0, false
	}
	return c.events[0].due, true
}

// advance carries out at most n events that are due by now (ns).
func (c *core) advance(now int64, n int) {
	for ; n > 0 && len(c.events) > 0 && c.events[0].due <= now; n-- {
		e := c.events.pop()
		c.late.Record(now - e.due)
		p := e.p
		if int(p.hop) < len(p.path.hops) {
			c.forward(p)
			continue
		}
		if c.anyDown && c.dropIfDown(p, p.path.lastGates) {
			continue
		}
		if p.path.end != nil {
			c.finish(p)
			continue
		}
		c.out.deliver(p.path.to, e.due, p.data)
		c.pool.recycle(p)
	}
}

// arrive takes the frame in data, read from a station at now, and says whether it keeps the buffer.
func (c *core) arrive(from *port, now int64, data []byte) (kept bool) {
	path := c.route(from, data)
	if path == nil {
		return false
	}
	if c.pool.bytesHeld > maxBytesHeld {
		c.drops.Overflow++
		return false
	}
	l, isBurst := parseBurst(data)
	switch {
	case path.mtu > 0 && !isBurst && len(data)-ipAt > path.mtu:
		c.inFragments(data, path, now)
		return false
	case isBurst && !path.keepsBursts:
		for i := range l.segmentCount(data) {
			c.inject(l.segment(c.pool.buffer(l.payloadAt+l.size), data, i), l, false, path, now)
		}
		return false
	case len(data) > smallBuffer:
		c.inject(data, l, isBurst, path, now)
		return true
	default:
		small := c.pool.buffer(len(data))
		copy(small, data)
		c.inject(small, l, isBurst, path, now)
		return false
	}
}

// etherIPv4 is the type of Ethernet frames that carry IPv4.
const etherIPv4 = 0x0800

// route looks the frame's path up, and does a router's work on its headers; nil: it is dropped, and counted.
func (c *core) route(from *port, data []byte) *path {
	if c.arp {
		return c.routeEthernet(from, data)
	}
	return c.routeIP(from, data)
}

// routeIP is route by the packet's destination, whatever its frame's is.
func (c *core) routeIP(from *port, data []byte) *path {
	if len(data) < ipAt+20 || binary.BigEndian.Uint16(data[virtioLen+12:]) != etherIPv4 {
		return c.route6(from, data)
	}
	addr := binary.BigEndian.Uint32(data[ipAt+16:])
	to := c.table.lookup(addr)
	if c.routed && addr>>28 != 0xe && !from.everybody(addr) { // no route leads to a group
		to = c.table.onto(from, to, netip.AddrFrom4([4]byte(data[ipAt+16:])))
	}
	if to == nil || to == from || data[virtioLen]&1 != 0 {
		return c.routeSpecial(from, data)
	}
	path, over := c.way(from, to, data, int(data[ttlAt]))
	if over {
		return path
	}
	if path.expires(int(data[ttlAt])) {
		return c.expire(from, to, data)
	}
	decrementTTL(data, path.routers)
	copy(data[virtioLen:], to.mac[:])
	return path
}

// way is the path of a packet, of either version of IP, from a station to another one. over says that it does not get
// there: it is dropped (nil), or the path is that to a router which says so.
func (c *core) way(from, to *port, data []byte, timeToLive int) (p *path, over bool) {
	if c.partitioned && from.group != to.group {
		c.drops.Parted++
		return nil, true
	}
	p = c.table.path(from, to)
	if p == nil {
		c.drops.NoPath++
		from.unreachable++
		return c.table.unreachablePath(from), true
	}
	if p.mtu > 0 && packetBytes(data) > p.mtu {
		if special := c.tooBig(from, to, data, p, timeToLive); special != nil {
			return special, true
		}
	}
	return p, false
}

// expires says whether a packet's time to live, or hop limit, is over at a router of the path.
func (p *path) expires(timeToLive int) bool { return p.routers > 0 && timeToLive <= p.routers }

// inject makes a packet of a frame that was read at now (ns), and sends it on its way.
func (c *core) inject(data []byte, l burstLayout, isBurst bool, path *path, now int64) {
	p := c.pool.packet()
	p.data, p.path = data, path
	p.setWireSize(l, isBurst)
	p.firstArrival = now - c.hostLatency
	c.launch(p)
}

// launch lets a packet take its path, from p.firstArrival on.
func (c *core) launch(p *packet) {
	p.firstArrival += p.path.leadDelay
	p.finalArrival = p.firstArrival
	if len(p.path.hops) == 0 || p.path.leadDelay > 0 {
		c.schedule(p, p.firstArrival)
		return
	}
	c.forward(p)
}

// forward takes the packet to the next queue on its path, unless something on the way there is down or the link
// loses it.
func (c *core) forward(p *packet) {
	hop := &p.path.hops[p.hop]
	if c.anyDown && c.dropIfDown(p, hop.gates) {
		return
	}
	if hop.queue.impairing && !c.impair(p, hop) {
		return
	}
	c.enqueue(p, hop)
}

// enqueue puts the packet into a queue, drops what exceeds the queue's limit (tail drop), and schedules its arrival at
// the next queue, or its delivery: a burst is forwarded with its first segment and delivered with its final one.
func (c *core) enqueue(p *packet, hop *hop) {
	q := hop.queue
	if n := q.admit(p); n < int(p.segments) {
		q.dropped += uint64(int(p.segments) - n)
		if n == 0 {
			c.pool.recycle(p)
			return
		}
		c.dropTail(p, n)
	}
	q.transmit(p)
	p.firstArrival += hop.extraDelay
	p.finalArrival += hop.extraDelay
	p.hop++
	if int(p.hop) < len(p.path.hops) {
		c.schedule(p, p.firstArrival)
	} else if p.path.end == nil || p.path.end.crossing == nil {
		c.schedule(p, p.finalArrival)
	} else {
		c.schedule(p, p.departs())
	}
}

// dropTail keeps the burst's first n segments. Its final arrival comes earlier in proportion.
func (c *core) dropTail(p *packet, n int) {
	l, ok := parseBurst(p.data)
	if !ok {
		return
	}
	p.finalArrival = p.firstArrival + (p.finalArrival-p.firstArrival)*int64(n)/int64(p.segments)
	p.data = l.truncate(p.data, n)
	p.setWireSize(l, true)
}

func (c *core) schedule(p *packet, at int64) {
	c.seq++
	c.events.push(event{at, c.seq, p})
}

// install puts a new table in force at now (ns). Packets under way keep their paths, and are dropped at gates on them
// that have gone down.
func (c *core) install(t *table, now int64) {
	moved := false
	for i, q := range t.queues {
		if q.shape != t.shapes[i] {
			moved = q.reshape(t.shapes[i], now, c.events) || moved
		}
	}
	if moved {
		c.events.repair()
	}
	t.activate()
	c.anyDown, c.partitioned, c.arp = len(t.network.Down) > 0, len(t.network.Partition) > 0, t.network.ARP
	c.routed = t.second != nil
	c.table = t
}
