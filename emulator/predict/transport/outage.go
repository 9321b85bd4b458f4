package transport

import "time"

// What Linux waits before it sends again what nobody has acknowledged, beside the round trip, in ps. Each time it waits
// twice as long, two minutes at most.
const (
	retransmission = 200_000_000_000
	synAgain       = 1_000_000_000_000
	longestWait    = 120_000_000_000_000
)

// outages is what a message takes longer of which one end carries nothing for a while: from then on it is sent again
// now and then, until it gets there. It begins at a time and would take so long; opening: it opens a connection.
func (r *replay) outages(on *connection, begin, took, roundTrip int64, opening bool) (wait int64) {
	for i := range r.engine.options.Outages {
		o := &r.engine.options.Outages[i]
		from, to := r.residents.begin+picoseconds(o.From), r.residents.begin+picoseconds(o.To)
		if o.Node != on.initiator && o.Node != on.responder || begin >= to || begin+took <= from {
			continue
		}
		pause := retransmission + roundTrip
		if opening {
			pause = synAgain
		}
		lost := max(begin, from)
		at := lost + pause
		for at < to {
			pause = min(2*pause, longestWait)
			at += pause
		}
		wait += at - lost
		begin, took = at, begin+took-lost
	}
	return wait
}

func picoseconds(d time.Duration) int64 { return d.Nanoseconds() * 1000 }
