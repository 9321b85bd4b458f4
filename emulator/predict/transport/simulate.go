package transport

// simulation carries one message over one route, packet by packet. Its events are the arrivals of
// packets at the ends and at contended queues, and the delayed ACK. Every leg's packets leave it in
// order, so a ring for each leg replaces a heap, and nothing is allocated once the rings have grown.
type simulation struct {
	options *Options
	route   *route
	half    *half
	now     int64
	free    []int64        // by queue: when its server is free
	lanes   []ring[packet] // packets behind each leg: forth, then back
	heads   []int64        // by lane: when the first arrives; never: none
	sent    []int64        // by segment modulo length: when it was sent

	stop      int64 // segment after the message's last
	count     int64 // of its segments
	lastFrame int64 // bytes of the last one's frame
	last      int   // class of the last segment
	arrived   int64 // when that was received
	timer     int64 // delayed ACK
	hops      int64 // packet-hops calculated, for benchmarks

	steady steady
}

// packet is a segment, or an ACK of all segments before it.
type packet struct {
	at     int64
	number int64
	edge   int64 // ACK: the end of the receiver's window
	echo   int64 // when the receiver sent the ACK that is this one, or the newest that its sender had
	lost   bool  // it met a full queue; an ACK: one of its segments did
	inside bool  // it is handed over with the rest of its burst
}

// message lets size bytes cross the route, beginning at now; it returns when the last one is there.
// Queues are idle at the begin: the sender is alone on the network.
func (s *simulation) message(r *route, h *half, size, now int64) int64 {
	s.prepare(r, h, size, now)
	s.send()
	for s.step() {
	}
	return s.arrived
}

// step processes the next event; false: there is none, for the message and all its ACKs are there.
func (s *simulation) step() bool {
	lane, at := s.earliest()
	if s.timer < at {
		s.now = s.timer
		s.acknowledge()
		return true
	}
	if at == never {
		return false
	}
	s.now = at
	p := s.pop(lane)
	switch lane {
	case len(s.route.forth) - 1:
		s.receive(p)
	case len(s.lanes) - 1:
		s.acknowledged(p)
	default:
		s.enter(lane+1, p)
	}
	return true
}

func (s *simulation) prepare(r *route, h *half, size, now int64) {
	mss := r.mss
	count := max(1, (size+mss-1)/mss)
	s.route, s.half, s.now, s.timer = r, h, now, never
	s.stop, s.last, s.count = h.next+count, full, count
	rest := size - (count-1)*mss
	if s.lastFrame = rest + int64(s.options.FrameOverhead); rest < mss {
		s.last = short
		r.shorten(s.lastFrame)
	}
	for len(s.free) < r.queues {
		s.free = append(s.free, 0)
	}
	for i := range s.free {
		s.free[i] = now
	}
	lanes := len(r.forth) + len(r.back)
	for len(s.lanes) < cap(s.lanes) && len(s.lanes) < lanes {
		s.lanes = s.lanes[:len(s.lanes)+1]
	}
	for len(s.lanes) < lanes {
		s.lanes = append(s.lanes, ring[packet]{})
	}
	s.lanes, s.heads = s.lanes[:lanes], s.heads[:0]
	for range lanes {
		s.heads = append(s.heads, never)
	}
	s.steady = steady{}
	h.begin(now, mss, s.options)
}

func (s *simulation) earliest() (lane int, at int64) {
	at = never
	for i, t := range s.heads {
		if t < at {
			lane, at = i, t
		}
	}
	return lane, at
}

func (s *simulation) pop(lane int) packet {
	r := &s.lanes[lane]
	p := r.pop()
	s.heads[lane] = never
	if !r.empty() {
		s.heads[lane] = r.first().at
	}
	return p
}

// enter sends a packet through the leg that ends in the lane, now.
func (s *simulation) enter(lane int, p packet) {
	l, class := &leg{}, ack
	if forth := s.route.forth; lane < len(forth) {
		l, class = &forth[lane], full
		if p.number == s.stop-1 {
			class = s.last
		}
	} else {
		l = &s.route.back[lane-len(forth)]
	}
	at := s.now
	for i := range l.hops {
		h := &l.hops[i]
		if h.queue >= 0 {
			begin := max(at, s.free[h.queue])
			p.lost = p.lost || begin-at > h.limit
			at = begin + h.serial[class]
			s.free[h.queue] = at
		}
		at += h.delay
	}
	s.hops += int64(len(l.hops))
	p.at = at
	if s.heads[lane] == never {
		s.heads[lane] = at
	}
	s.lanes[lane].push(p)
}

// send sends what the windows permit.
func (s *simulation) send() {
	h := s.half
	sent, limited := false, false
	b := newBurst(s.route, h)
	for h.next < s.stop {
		if h.next-h.una >= h.window {
			limited = true
			break
		}
		if h.next >= h.edge {
			break
		}
		s.remember(h.next, h.next-h.una)
		s.enter(0, packet{number: h.next, echo: h.echo, inside: b.inside(min(s.stop, h.una+h.window, h.edge) - h.next)})
		h.next++
		h.lastSend, sent = s.now, true
	}
	if limited = limited || h.next-h.una >= h.window; sent || limited {
		h.validate(limited)
	}
}

// remember notes when a segment is sent, of which so many before it are not acknowledged.
func (s *simulation) remember(number, flight int64) {
	if flight >= int64(len(s.sent)) {
		grown := make([]int64, max(64, 2*len(s.sent)))
		for i := number - flight; i < number; i++ {
			grown[i&int64(len(grown)-1)] = s.sent[i&int64(len(s.sent)-1)]
		}
		s.sent = grown
	}
	s.sent[number&int64(len(s.sent)-1)] = s.now
}

// receive is a segment's arrival.
func (s *simulation) receive(p packet) {
	r := &s.half.receiver
	r.lost = r.lost || p.lost
	if p.number == s.stop-1 {
		s.arrived = s.now
	}
	if r.take(s.options, p.inside) {
		s.acknowledge()
	} else if s.timer == never {
		s.timer = s.now + s.options.DelayedAck.Nanoseconds()*1000
	}
	if !p.inside {
		r.measure(s.now, p.echo)
		r.adjust(s.now, s.options)
	}
	if !s.options.EveryPacket {
		s.watch()
	}
}

// acknowledge sends an ACK of all that was received.
func (s *simulation) acknowledge() {
	r := &s.half.receiver
	p := packet{number: r.got, edge: r.got + r.window(), echo: s.now, lost: r.lost}
	s.timer, r.pending, r.lost = never, 0, false
	s.enter(len(s.route.forth), p)
}

// acknowledged is an ACK's arrival.
func (s *simulation) acknowledged(p packet) {
	s.half.echo = p.echo
	roundTrip := s.now - s.sent[(p.number-1)&int64(len(s.sent)-1)]
	s.half.acknowledge(p.number, p.edge, s.now, roundTrip, p.lost, s.options)
	s.send()
}
