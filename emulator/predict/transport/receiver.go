package transport

// receiver is the end of a direction that acknowledges, and its window.
type receiver struct {
	quick   int   // segments that are still acknowledged at once
	got     int64 // segments received
	pending int64 // of them not acknowledged
	lost    bool  // one of them met a full queue

	mss     int64 // payload of a full segment
	bytes   int64 // window
	space   int64 // most bytes received in a round trip
	round   int64 // round trip as the receiver sees it; 0: none yet
	echoed  int64 // newest echo
	since   int64 // begin of the round trip that is measured
	counted int64 // got at that time
}

func newReceiver(mss int64, o *Options) receiver {
	r := receiver{quick: max(0, o.QuickAcks), mss: mss, bytes: int64(initialReceiveWindow), space: 10 * mss}
	if o.ReceiveWindow > 0 {
		r.bytes = int64(o.ReceiveWindow)
	}
	return r
}

// window is how many segments may be in flight.
func (r *receiver) window() int64 { return max(1, r.bytes/r.mss) }

// take takes a segment in and says whether it is acknowledged at once. Those inside a burst are not.
func (r *receiver) take(o *Options, inside bool) bool {
	r.got++
	r.pending++
	if inside {
		return false
	}
	if r.quick > 0 {
		r.quick--
		return true
	}
	return r.pending >= int64(o.AckEvery)
}

// measure is Linux's tcp_rcv_rtt_measure_ts: the time from an ACK to the first segment that echoes it.
// Waiting in queues is in it, and, as in Linux, the idleness between two messages.
func (r *receiver) measure(now, echo int64) {
	switch {
	case echo == 0 || echo == r.echoed:
		return
	case r.round == 0:
		r.round = now - echo
	default:
		r.round += (now - echo - r.round) / 8
	}
	r.echoed = echo
}

// adjust is Linux's tcp_rcv_space_adjust: once a round trip, the window follows what arrived in it.
func (r *receiver) adjust(now int64, o *Options) {
	if o.ReceiveWindow > 0 || r.round == 0 || now-r.since < r.round {
		return
	}
	copied := (r.got - r.counted) * r.mss
	if copied > r.space {
		want := 2*copied + 16*r.mss
		want += int64(2 * float64(want) * float64(copied-r.space) / float64(r.space))
		r.bytes = max(r.bytes, min(want, int64(o.MaxReceiveWindow)))
		r.space = copied
	}
	r.since, r.counted = now, r.got
}
