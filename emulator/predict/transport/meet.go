package transport

import "slices"

// send sends a step's message, which begins when the step has got that far.
func (r *replay) send(c *chain, i int, e *errand) {
	now := c.steps[i].now
	at, answer := e.connection, e.connection.response
	from, to, h := at.initiator, at.responder, at.request
	if e.response {
		from, to, h, answer = to, from, at.response, at.request
	}
	r.settleTails(h, answer)
	f := r.flow()
	f.chain, f.step, f.half, f.route = c, int32(i), h, r.routes.find(from, to)
	f.began, f.size, f.before = now, e.size, *h
	f.alone = r.simulation.message(f.route, h, e.size, now) - now
	f.stop, f.last = f.before.next+r.simulation.count, int8(r.simulation.last)
	f.lastFrame = r.simulation.lastFrame
	if met := r.enter(f); met || f.route.traced { // a message alone is calculated at constant rates
		r.join(f, max(now, r.now))
		return
	}
	r.agenda.push(event{at: now + f.alone, kind: flowArrives, flow: f, generation: f.generation})
}

// settleTails ends what is left of messages before: on the same half, whose last ACKs matter no more, and on the other,
// which has been received, so that an ACK that is delayed goes with this message.
func (r *replay) settleTails(h, answer *half) {
	if f := h.tail; f != nil {
		h.tail = nil
		f.closed = true
		h.una, h.next, h.receiver.pending = f.stop, f.stop, 0
		h.edge = max(h.edge, h.receiver.got+h.receiver.window())
		r.settle(f)
	}
	if f := answer.tail; f != nil && f.delayed != never {
		f.acknowledge(&r.network, -1, r.now)
		r.settle(f)
	}
}

// enter notes who uses the queues on a flow's way, and lets those join who were alone there until now. It reports
// whether there was anybody.
func (r *replay) enter(f *flow) (met bool) {
	for _, q := range f.route.shared {
		s := &r.network.queues[q]
		for i := 0; i < len(s.users); i++ {
			if other := s.users[i]; !other.joined {
				r.join(other, r.now)
			}
			met = true
		}
	}
	for _, q := range f.route.shared {
		s := &r.network.queues[q]
		s.users = append(s.users, f)
	}
	return met
}

func (r *replay) leave(f *flow) {
	for _, q := range f.route.shared {
		s := &r.network.queues[q]
		i := slices.Index(s.users, f)
		last := len(s.users) - 1
		s.users[i] = s.users[last]
		s.users[last] = nil
		s.users = s.users[:last]
	}
}

// join carries a flow's packets, from its begin until now, through the network's queues, which it had to itself, and
// leaves the rest of them there.
func (r *replay) join(f *flow, now int64) {
	n, o := &r.network, &r.engine.options
	*f.half = f.before
	f.half.tail = f
	f.joined = true
	f.generation++
	others := n.heads
	n.heads = r.spare[:0]
	f.start(n, min(f.began, now), o)
	for {
		packet, timer := n.next(), f.due()
		if min(packet, timer) >= now {
			break
		}
		if packet <= timer {
			p := n.pop()
			r.carry(&p, packet)
		} else {
			f.expire(n, timer)
		}
	}
	r.spare, n.heads = n.heads, others
	for _, h := range r.spare {
		n.heads.add(h)
	}
	r.settle(f)
}

// carry takes a packet on at the end of its lane: into the next queue, or to its destination. It returns its flow.
func (r *replay) carry(p *parcel, now int64) *flow {
	f, n, o := p.flow, &r.network, &r.engine.options
	switch {
	case int(p.hop) < len(f.route.way(p.class)):
		if !n.enqueue(*p, now) {
			f.packets--
		}
		return f
	case f.closed:
	case p.class == ack:
		f.acknowledged(n, p, now, o)
	default:
		f.receive(n, p, now, o)
	}
	f.packets--
	return f
}

// settle does what follows from a flow's having changed.
func (r *replay) settle(f *flow) {
	if f.arrived < never && !f.told {
		f.told = true
		r.delivered(f, f.arrived-f.began)
	}
	if f.over() {
		r.leave(f)
		if f.half.tail == f {
			f.half.tail = nil
		}
		r.recycle(f)
		return
	}
	if due := f.due(); !f.closed && due < f.armed {
		f.armed = due
		r.agenda.push(event{at: due, kind: flowTimer, flow: f, generation: f.generation})
	}
}

// flow is a flow to use.
func (r *replay) flow() *flow {
	last := len(r.flows) - 1
	if last < 0 {
		f := &flow{}
		f.reset()
		return f
	}
	f := r.flows[last]
	r.flows = r.flows[:last]
	return f
}

func (r *replay) recycle(f *flow) {
	f.reset()
	r.flows = append(r.flows, f)
}
