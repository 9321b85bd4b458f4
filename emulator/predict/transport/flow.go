package transport

// flow is a message under way. As long as nobody else uses the queues on its way it is alone: what becomes of it is
// calculated at once (simulation), as if it stayed so. As soon as another message enters one of them it joins the
// network: its packets are carried one by one, from its begin on, by which time nothing has happened in its queues but
// what it did there itself. Its numbers are those of its half of a connection.
type flow struct {
	route *route
	half  *half
	chain *chain
	step  int32

	before    half  // what its half was at its begin
	began     int64 // when it began
	alone     int64 // what it takes alone
	size      int64 // bytes, the header included
	stop      int64 // segment after its last
	last      int8  // class of the last segment
	lastFrame int64 // bytes of its frame

	joined     bool
	closed     bool  // another message is on its half: its last ACKs matter no more
	told       bool  // its chain knows that it is there
	arrived    int64 // when it was there; never: it is not
	packets    int   // on the network
	armed      int64 // when the agenda looks at it; never
	generation uint32

	delayed int64 // when the delayed ACK is due; never
	above   int64 // segment after the highest that was received
	sender
}

// segment is what sender and receiver know of one.
type segment struct {
	sent                                int64
	received, sacked, lost, transmitted bool // transmitted: once more
}

// at is the record of a segment that is not acknowledged.
func (f *flow) at(number int64) *segment { return &f.segments[number&int64(len(f.segments)-1)] }

// reset prepares a flow that may have been another; what it has grown to is kept.
func (f *flow) reset() {
	again, segments := f.again, f.segments
	again.head, again.tail = 0, 0
	*f = flow{generation: f.generation + 1, arrived: never, armed: never, delayed: never}
	f.sender = sender{again: again, segments: segments, deadline: never, reorder: never}
}

// start begins to send, at the given time.
func (f *flow) start(n *network, now int64, o *Options) {
	h := f.half
	h.begin(now, f.route.mss, o)
	f.above, f.judged, f.retry, f.high = h.receiver.got, h.una, h.next, h.una
	f.send(n, now)
}

// due is when the flow's next timer ends; never.
func (f *flow) due() int64 { return min(f.delayed, f.deadline, f.reorder) }

// expire does what is due by now.
func (f *flow) expire(n *network, now int64) {
	if f.delayed <= now {
		f.acknowledge(n, -1, now)
	}
	if f.reorder <= now {
		f.reorder = never
		f.detect(now)
		f.send(n, now)
	}
	if f.deadline <= now {
		f.timeout(n, now)
	}
}

// receive is a segment's arrival. Whatever is out of order, or fills a gap, is acknowledged at once.
func (f *flow) receive(n *network, p *parcel, now int64, o *Options) {
	r := &f.half.receiver
	if p.number < r.got || f.at(p.number).received {
		f.acknowledge(n, -1, now)
		return
	}
	f.at(p.number).received = true
	gap := f.above > r.got || p.number > r.got
	f.above = max(f.above, p.number+1)
	at := false
	for r.got < f.above && f.at(r.got).received {
		at = r.take(o, p.inside) || at
	}
	if r.got == f.stop {
		f.arrived = now
	}
	switch {
	case p.number >= r.got:
		f.acknowledge(n, p.number, now)
	case gap || at:
		f.acknowledge(n, -1, now)
	case f.delayed == never:
		f.delayed = now + o.DelayedAck.Nanoseconds()*1000
	}
	if !p.inside {
		r.measure(now, p.echo)
		r.adjust(now, o)
	}
}

// acknowledge sends an ACK of all that was received in order, and of one segment that was not.
func (f *flow) acknowledge(n *network, sack, now int64) {
	r := &f.half.receiver
	f.delayed, r.pending = never, 0
	f.put(n, parcel{number: r.got, edge: r.got + r.window(), echo: now, sack: sack, class: ack}, now)
}

// put enqueues a packet at its first queue.
func (f *flow) put(n *network, p parcel, now int64) {
	p.flow = f
	if n.enqueue(p, now) {
		f.packets++
	}
}

// over says that nothing of the flow is left on the network, and nothing expected.
func (f *flow) over() bool {
	return f.packets == 0 && (f.closed || f.told && f.half.una == f.stop && f.delayed == never)
}
