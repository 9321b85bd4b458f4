package transport

import "cmp"

// sender is the side of a flow that sends: what it knows of its segments, and its answer to losses as Linux has it:
// selective acknowledgements, RACK (RFC 8985) with the tail loss probe, proportional rate reduction (RFC 6937), and the
// retransmission timeout.
type sender struct {
	segments []segment // by number modulo the length, a power of two
	sacked   int64     // segments received beyond the first that is missing
	lost     int64     // segments taken for lost, and not sent again yet
	high     int64     // segment after the highest that was sacked
	judged   int64     // first segment of which is not decided whether it was lost, of those sent once
	retry    int64     // no segment before is lost
	again    ring[int64]
	newest   int64 // when the segment was sent that, of those delivered, was sent last
	trip     int64 // its round trip
	reorder  int64 // when segments are lost that may only be late; never

	recovering bool
	slow       bool  // after a timeout
	prior      int64 // window before the loss
	delivered  int64 // in this recovery
	resent     int64 // likewise, all that was sent

	deadline int64 // retransmission timeout or probe; never
	probe    bool  // it is a probe's
	probed   bool
	backoff  uint
}

// How Linux's timers are bounded, and what it is that tells reordering from loss.
const (
	leastTimeout   = 200 * millisecond
	probeSlack     = 4 * millisecond
	duplicates     = 3
	longestBackoff = 8
)

// pipe is how many segments are under way.
func (f *flow) pipe() int64 { return f.half.next - f.half.una - f.sacked - f.lost }

// send sends what the windows permit, lost segments first.
func (f *flow) send(n *network, now int64) {
	h := f.half
	sent, limited := false, false
	b := newBurst(f.route, h)
	for {
		number := f.missing()
		if number == h.next && number >= f.stop {
			break
		}
		if f.pipe() >= h.window {
			limited = true
			break
		}
		if number == h.next && number >= h.edge {
			break
		}
		inside := number == h.next && b.inside(min(f.stop-number, h.window-f.pipe(), h.edge-number))
		f.transmit(n, number, now, inside)
		h.lastSend, sent = now, true
	}
	if limited = limited || f.pipe() >= h.window; sent || limited {
		h.validate(limited)
	}
	if sent {
		f.arm(now)
	}
}

// missing is the first segment that is lost, or else the next new one.
func (f *flow) missing() int64 {
	h := f.half
	if f.lost == 0 {
		return h.next
	}
	for f.retry = max(f.retry, h.una); f.retry < h.next; f.retry++ {
		if f.at(f.retry).lost {
			return f.retry
		}
	}
	return h.next
}

// transmit sends a segment, the next new one or one once more.
func (f *flow) transmit(n *network, number, now int64, inside bool) {
	h := f.half
	if number == h.next {
		f.room(number)
		*f.at(number) = segment{sent: now}
		h.next++
	} else {
		s := f.at(number)
		if s.lost {
			s.lost = false
			f.lost--
		}
		s.sent, s.transmitted = now, true
		f.again.push(number)
	}
	f.resent++
	class := int8(full)
	if number == f.stop-1 {
		class = f.last
	}
	f.put(n, parcel{number: number, echo: h.echo, sack: -1, class: class, inside: inside}, now)
}

// room makes a place for a new segment's record.
func (f *flow) room(number int64) {
	una := f.half.una
	if number-una < int64(len(f.segments)) {
		return
	}
	grown := make([]segment, max(64, 2*len(f.segments)))
	for i := una; i < number; i++ {
		grown[i&int64(len(grown)-1)] = *f.at(i)
	}
	f.segments = grown
}

// acknowledged is an ACK's arrival.
func (f *flow) acknowledged(n *network, p *parcel, now int64, o *Options) {
	h := f.half
	h.echo, h.edge = max(h.echo, p.echo), max(h.edge, p.edge)
	progress := p.number > h.una
	delivered, roundTrip := f.take(p, now)
	if delivered > 0 {
		if roundTrip > 0 {
			h.sample(roundTrip)
		}
		f.detect(now)
		f.answer(delivered, now, roundTrip, o)
	}
	if progress {
		f.backoff, f.probed = 0, false
	}
	f.send(n, now)
	if delivered > 0 {
		f.arm(now)
	}
}

// take marks what an ACK says was received. It returns how many segments are new among it, and the round trip of the
// newest, 0 where none tells it.
func (f *flow) take(p *parcel, now int64) (delivered, roundTrip int64) {
	h := f.half
	arrives := func(s *segment) {
		delivered++
		if s.lost {
			s.lost = false
			f.lost--
		}
		if s.sent >= f.newest {
			f.newest, f.trip = s.sent, now-s.sent
		}
		if !s.transmitted {
			roundTrip = now - s.sent
		}
	}
	for ; h.una < p.number; h.una++ {
		s := f.at(h.una)
		if s.sacked {
			f.sacked--
		} else {
			arrives(s)
		}
	}
	if p.sack >= h.una && !f.at(p.sack).sacked {
		s := f.at(p.sack)
		arrives(s)
		s.sacked = true
		f.sacked++
		f.high = max(f.high, p.sack+1)
	}
	return delivered, roundTrip
}

// detect takes for lost what was sent so long before something that was delivered that it is not merely late.
func (f *flow) detect(now int64) {
	f.reorder = never
	if f.sacked == 0 && !f.recovering {
		return
	}
	h := f.half
	patience := h.delay / 4
	if f.recovering || f.sacked >= duplicates {
		patience = 0
	}
	for f.judged = max(f.judged, h.una); f.judged < f.high; f.judged++ {
		s := f.at(f.judged)
		if s.sacked || s.lost || s.transmitted {
			continue
		}
		if at := s.sent + f.trip + patience; at > now {
			f.reorder = at
			break
		}
		f.lose(f.judged)
	}
	for !f.again.empty() {
		number := *f.again.first()
		if number >= h.una {
			if s := f.at(number); !s.sacked && !s.lost {
				if s.sent >= f.newest {
					break
				}
				f.lose(number)
			}
		}
		f.again.pop()
	}
}

// lose notes a segment as lost.
func (f *flow) lose(number int64) {
	f.at(number).lost = true
	f.lost++
	f.retry = min(f.retry, number)
}

// answer changes the window: by what was delivered, or for what was lost.
func (f *flow) answer(delivered, now, roundTrip int64, o *Options) {
	h := f.half
	switch {
	case !f.recovering && f.lost > 0:
		f.recover()
		f.slow = false
	case f.recovering && h.una >= h.recover:
		if !f.slow {
			h.window = h.threshold
		}
		f.recovering, f.slow = false, false
		return
	case !f.recovering || f.slow:
		h.rise(delivered, now, cmp.Or(roundTrip, h.smooth), o)
		return
	}
	f.delivered += delivered
	pipe := f.pipe()
	more := min(h.threshold-pipe, max(f.delivered-f.resent, delivered)+1)
	if pipe > h.threshold {
		more = (f.delivered*h.threshold+f.prior-1)/f.prior - f.resent
	}
	if f.resent == 0 {
		more = max(more, 1)
	}
	h.window = pipe + max(0, more)
}

// recover begins the recovery from a loss: what is under way now ends it.
func (f *flow) recover() {
	h := f.half
	f.recovering, f.prior, f.delivered, f.resent = true, max(1, h.window), 0, 0
	h.threshold = h.cubic.reduce(h.window)
	h.recover, h.surplus = h.next, 0
	h.hystart = hystart{lowest: never}
}
