package transport

// half is one direction of a connection: the sender's congestion window and the receiver's window.
// It lives as long as the connection, through many messages. Windows and positions are in segments.
type half struct {
	window    int64 // congestion window
	threshold int64 // of slow start; never: not known
	surplus   float64
	next, una int64 // first segments not sent and not acknowledged
	edge      int64 // the receiver's window ends before this segment
	echo      int64 // when the newest ACK was sent
	recover   int64 // a loss before this segment has been answered

	limited bool  // the window, not the data, stopped the sender in this round
	most    int64 // segments in flight in this round
	round   int64 // first segment of the next round

	lastSend int64
	delay    int64 // smallest round trip; 0: none yet
	smooth   int64 // smoothed round trip
	vary     int64 // its mean deviation
	cubic    cubic
	hystart  hystart

	receiver receiver
	tail     *flow // the last message on it, if it met others: its last ACKs may be under way; nil
}

// newHalf is that of a new connection whose full segments have a payload of mss bytes.
func newHalf(mss int64, o *Options) *half {
	h := &half{window: int64(o.InitialWindow), threshold: never, lastSend: -1}
	h.cubic.epoch = never
	h.hystart.lowest = never
	h.receiver = newReceiver(mss, o)
	h.edge = h.receiver.window()
	return h
}

func (h *half) slowStart() bool { return h.window < h.threshold }

// growing is Linux's tcp_is_cwnd_limited: a window that is not used does not grow.
func (h *half) growing() bool {
	return h.limited || h.slowStart() && h.window < 2*h.most
}

// validate is Linux's tcp_cwnd_validate, after something was sent or could not be.
func (h *half) validate(limited bool) {
	if flight := h.next - h.una; h.una >= h.round || limited || !h.limited && flight > h.most {
		h.limited, h.most, h.round = limited, flight, h.next
	}
}

// begin prepares for a message after idleness. mss is the payload of a full segment on its way, which may be another
// than that of the message before.
func (h *half) begin(now, mss int64, o *Options) {
	h.receiver.mss = mss
	if h.lastSend < 0 {
		return
	}
	idle := now - h.lastSend
	if h.cubic.epoch != never {
		h.cubic.epoch += idle
	}
	timeout := h.smooth + 200*millisecond // Linux's least variance
	if !o.IdleRestart || idle <= timeout {
		return
	}
	restart := min(int64(o.InitialWindow), h.window)
	h.threshold = max(h.threshold, h.window*3/4)
	for idle -= timeout; idle > 0 && h.window > restart; idle -= timeout {
		h.window /= 2
	}
	h.window, h.limited = max(h.window, restart), false
	h.surplus = 0
}

// acknowledge takes in an ACK of all segments before una.
func (h *half) acknowledge(una, edge, now, roundTrip int64, lost bool, o *Options) {
	acked := una - h.una
	h.una, h.edge = una, max(h.edge, edge)
	if acked == 0 {
		return
	}
	h.sample(roundTrip)
	if lost {
		h.lose()
		return
	}
	h.rise(acked, now, roundTrip, o)
}

// sample takes in a round trip.
func (h *half) sample(roundTrip int64) {
	if h.delay == 0 || roundTrip < h.delay {
		h.delay = roundTrip
	}
	if h.smooth == 0 {
		h.smooth, h.vary = roundTrip, roundTrip/2
	}
	off := roundTrip - h.smooth
	h.smooth += off / 8
	h.vary += (max(off, -off) - h.vary) / 4
}

// rise lets so many segments that were acknowledged grow the window, unless HyStart ends slow start.
func (h *half) rise(acked, now, roundTrip int64, o *Options) {
	if !o.NoHyStart && h.slowStart() && !h.hystart.found && h.hystart.update(h, now, roundTrip) {
		h.threshold = h.window
	}
	if h.growing() {
		h.grow(acked, now)
	}
}

func (h *half) grow(acked, now int64) {
	if h.slowStart() {
		grown := h.window + acked
		acked = max(0, grown-h.threshold)
		h.window = min(grown, h.threshold)
		if acked == 0 {
			return
		}
	}
	count := h.cubic.update(h.window, acked, now, h.delay)
	if h.surplus >= count {
		h.surplus = 0
		h.window++
	}
	if h.surplus += float64(acked); h.surplus >= count {
		steps := int64(h.surplus / count)
		h.surplus -= float64(steps) * count
		h.window += steps
	}
}

// lose answers a loss, once a round trip.
func (h *half) lose() {
	if h.una <= h.recover {
		return
	}
	h.window = h.cubic.reduce(h.window)
	h.threshold, h.recover, h.surplus = h.window, h.next, 0
	h.hystart = hystart{lowest: never}
}
