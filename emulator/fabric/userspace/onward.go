package userspace

import (
	"math"
	"slices"
	"time"

	"testbed/emulator/fabric/wire"
	"testbed/emulator/health"
	"testbed/emulator/topology"
)

// carrier takes packets to other machines; it is wire.Mesh.
type carrier interface {
	// Send copies data, and returns false where the packet is lost. It does not wait.
	Send(to int, h wire.Header, data []byte) bool
}

// arrivals is what has come from another machine.
type arrivals struct {
	strays uint64 // packets that did not go on: this machine has no such path
	late   uint64 // packets that came after they were due
	by     health.Histogram
}

// Bounds on instants of packets from other machines, in ns: the furthest ahead that one may be due, and by how much a
// better estimate of a clock changes at most what one is due at.
const (
	maxAhead = int64(10 * time.Minute)
	slew     = int64(time.Millisecond)
)

// crossOver hands a packet that has left its last queue here to the next machine.
func (c *core) crossOver(p *packet) {
	x := p.path.end.crossing
	if c.anyDown && x.behind != nil && x.behind.down {
		at := p.firstArrival
		if x.last {
			at = p.finalArrival
		}
		c.answerLater(p, c.table.lastRouter(p.path, int(p.hop), nil), at)
	}
	h := wire.Header{Channel: x.channel, Due: p.firstArrival, From: x.from, To: x.toAddress,
		Kind: x.kind, Router: x.router, Final: uint32(min(p.finalArrival-p.firstArrival, math.MaxUint32))}
	if c.over == nil || !c.over.Send(x.to, h, p.data) {
		x.queue.errors += uint64(p.segments)
	}
	c.pool.recycle(p)
}

// departs is when a packet whose path crosses begins to leave the last queue here: from then on nothing that happens
// here concerns it. Its due time is far enough ahead for the wire then: by the link's delay.
func (p *packet) departs() int64 {
	q := p.lastQueue
	if p.segments == 1 || q.rate == 0 {
		return p.departure
	}
	return p.departure - int64(uint64(p.wireBytes-p.segmentBytes)*bitNanos/q.rate)
}

// resume lets a packet that another machine has handed over at now (ns) go on when it is due. data stays the caller's.
func (c *core) resume(from *arrivals, now int64, h *wire.Header, data []byte) {
	if !carried(data) || len(data) > largeBuffer || h.Due > now+maxAhead || h.Due < now-maxAhead {
		from.strays++
		return
	}
	way := c.table.onward(h)
	if way == nil {
		from.strays++
		return
	}
	if c.pool.bytesHeld > maxBytesHeld {
		c.drops.Overflow++
		return
	}
	from.by.Record(max(0, now-h.Due))
	if now > h.Due {
		from.late++
	}
	p := c.pool.packet()
	p.data, p.path = c.pool.buffer(len(data)), way.path
	copy(p.data, data)
	if way.back && !takeBack(p.data) {
		from.strays++
		c.pool.recycle(p)
		return
	}
	l, isBurst := parseBurst(p.data)
	p.setWireSize(l, isBurst)
	p.firstArrival = way.inOrder(h.Due)
	p.finalArrival = p.firstArrival + int64(h.Final)
	if len(way.hops) > 0 {
		c.schedule(p, p.firstArrival)
	} else {
		c.schedule(p, p.finalArrival)
	}
}

// onward is a path on which packets of other machines go on.
type onward struct {
	*path
	last      int64 // when the latest packet was due at its beginning, ns
	overtaken bool  // the queue lets packets overtake others (reorder)
	back      bool  // it leads back where the packets come from: that machine had another table
}

// takeBack takes a router's step from the time to live of a packet that goes back, and says whether it may: machines
// whose tables differ for long would else hand it to one another for ever.
func takeBack(data []byte) bool {
	if isIPv6(data) {
		data[hopLimitAt]--
		return data[hopLimitAt] > 0 && data[hopLimitAt] < 255
	}
	if data[ttlAt] <= 1 {
		return false
	}
	decrementTTL(data, 1)
	return true
}

// inOrder is when a packet is due: never before those of the same path that left their queue earlier, though the
// estimate of the clocks' offset changes between them; unless the queue itself lets packets overtake others.
func (o *onward) inOrder(due int64) int64 {
	if due < o.last && o.last-due < slew && !o.overtaken {
		due = o.last
	}
	o.last = due
	return due
}

// onwardKey tells apart the paths behind queues of other machines.
type onwardKey struct {
	queue    int32
	kind     uint8
	router   uint16
	from, to uint32 // addresses
}

// maxOnward is how many such paths are cached.
const maxOnward = 1 << 17

// onward is the path of a packet behind the queue that it has left; nil: there is none from here.
func (t *table) onward(h *wire.Header) *onward {
	if t.cut == nil {
		return nil
	}
	at, known := t.cut.byID[h.Channel]
	if !known || t.cut.heads[at] != t.cut.self || t.owns(at) {
		return nil
	}
	k := onwardKey{int32(at), h.Kind, h.Router, h.From, h.To}
	o := t.cut.next[k]
	if o == nil {
		o = &onward{overtaken: t.shapes[at].reorder > 0}
		o.path, o.back = t.findOnward(k)
		if o.path != nil {
			o.entered = t.gates[t.channels[at].Link]
		}
		if len(t.cut.next) >= maxOnward {
			clear(t.cut.next)
		}
		t.cut.next[k] = o
	}
	if o.path == nil {
		return nil
	}
	return o
}

func (t *table) findOnward(k onwardKey) (p *path, back bool) {
	if k.kind == pathStation {
		to := t.lookup(k.to)
		if to == nil {
			return nil, false
		}
		return t.onwardTo(int(k.queue), to)
	}
	return t.onwardSpecial(k), false
}

// onwardSpecial is the rest of a path that ends at no single station.
func (t *table) onwardSpecial(k onwardKey) *path {
	q, from, to := t.queues[k.queue], t.lookup(k.from), t.lookup(k.to)
	if from == nil {
		return nil
	}
	switch k.kind {
	case 1 + pathFlood:
		return t.onwardFlood(t.wholeFlood(from), q, &k)
	case 1 + pathUnreachable:
		return t.behind(t.wholeUnreachable(from), q, crossing{kind: k.kind, from: k.from})
	case 1 + pathTooBig:
		if to == nil || to == from || t.path(from, to) == nil {
			return nil
		}
		return t.behind(t.wholeTooBig(from, to, int(k.router)), q,
			crossing{kind: k.kind, from: k.from, toAddress: k.to, router: k.router})
	case 1 + pathExpires:
		if to == nil || to == from || t.path(from, to) == nil {
			return nil
		}
		p := t.wholeExpiring(from, to, int(k.router))
		return t.behind(p, q, crossing{kind: k.kind, from: k.from, toAddress: k.to, router: k.router})
	}
	return nil
}

// onwardTo is the path to a station behind a queue: that of the tree of shortest paths, whoever sent the packet. Where
// paths have changed since that was sent it may lead back, as it would for a router that the packet has come to.
func (t *table) onwardTo(at int, to *port) (p *path, back bool) {
	link, tree := t.channels[at].Link, t.tree(to)
	if !tree.Reaches(link) {
		return nil, false
	}
	t.scratch.vertices = tree.Vertices(t.scratch.vertices[:0], link)
	if len(t.scratch.vertices) < 2 {
		return nil, false
	}
	source := t.scratch.vertices[1]
	if back = !slices.Contains(t.cut.exits[at], source); back {
		if len(t.cut.exits[at]) == 0 {
			return nil, false
		}
		if source = t.cut.exits[at][0]; t.network.Topology.Vertices[source].Kind == topology.Link {
			return nil, false // it has come to no router
		}
	}
	if t.network.Topology.Vertices[source].Kind == topology.Link {
		source = link
	}
	p = t.wholePath(tree, source, to)
	p.leadDelay = 0 // the delays of edges behind a queue belong to its hop, which the packet has passed
	if source == link {
		if len(p.hops) > 0 {
			p.hops[0].gates = p.hops[0].gates[1:]
		} else {
			p.lastGates = p.lastGates[1:]
		}
	}
	t.crosses(p, crossing{toAddress: t.addr(to)})
	return p, back
}

// behind is the rest of a path behind a queue; nil where the queue is not on it.
func (t *table) behind(p *path, q *queue, x crossing) *path {
	i := slices.IndexFunc(p.hops, func(h hop) bool { return h.queue == q })
	if i < 0 {
		return nil
	}
	rest := *p
	rest.hops, rest.leadDelay = p.hops[i+1:], 0
	t.crosses(&rest, x)
	return &rest
}
