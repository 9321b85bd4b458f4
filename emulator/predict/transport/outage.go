package transport

import "time"

// What Linux waits before it sends again what nobody has acknowledged, in ps: a retransmission timeout, beside the
// round trip, which doubles from one to the next, up to two minutes, unless a router says that the other end is
// unreachable (RFC 6069); before the first one a probe for a lost tail, after two round trips and two of the kernel's
// ticks or, where one segment alone is on its way, as late as a timeout; and the first of a connection, after a second.
const (
	retransmission = 200_000_000_000
	ticks          = 8_000_000_000
	opened         = 1_000_000_000_000
	longestWait    = 120_000_000_000_000
)

// outages is what a message takes longer of which one end carries nothing for a while: it is sent again now and then,
// until it gets there. It begins at a time and would take so long.
func (r *replay) outages(f *flow, e *errand, begin, took, roundTrip int64) (wait int64) {
	on, sender := e.connection, e.connection.initiator
	if e.response {
		sender = on.responder
	}
	for i := range r.engine.options.Outages {
		o := &r.engine.options.Outages[i]
		from, to := r.residents.begin+picoseconds(o.From), r.residents.begin+picoseconds(o.To)
		if o.Node != on.initiator && o.Node != on.responder || begin >= to || begin+took <= from {
			continue
		}
		pause := retransmission + roundTrip
		first := pause
		switch {
		case e.kind == setUp:
			first, pause = opened, 2*opened
		case f.size > f.route.mss:
			first = min(first, 2*roundTrip+ticks)
		}
		lost := max(begin, from)
		at := lost + first
		for at < to {
			at += pause
			if e.kind == setUp || o.Node == sender { // in front of whose own link nobody says anything
				pause = min(2*pause, longestWait)
			}
		}
		wait += at - lost
		begin, took = at, begin+took-lost
	}
	return wait
}

func picoseconds(d time.Duration) int64 { return d.Nanoseconds() * 1000 }
