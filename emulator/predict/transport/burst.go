package transport

// burst cuts what a sender may send at one time into what it hands to its device at once, as Linux does (TSO): what it
// would send in about a millisecond, and more on a short way.
type burst struct {
	most int64 // segments; 0: each by itself
	size int64 // of the burst at hand
}

const (
	largestBurst = 44 // segments of 1448 bytes: 64 KiB
	leastBurst   = 2
	burstBytes   = 65536
	// shortWay is the round trip by each of which the bytes that a short way adds are halved.
	shortWay = millisecond / 1000 * 512
)

func newBurst(r *route, h *half) burst {
	if !r.bursts {
		return burst{}
	}
	smooth, least := h.smooth, h.delay
	if smooth == 0 { // what the connection's set-up has shown
		smooth, least = r.round, r.round
	}
	pace := 12 * h.window // in tenths of a window a round trip
	if h.window < h.threshold/2 {
		pace = 20 * h.window
	}
	most := pace * (second / 1024) / 10 / max(smooth, 1)
	largest := max(leastBurst, largestBurst*defaultMSS/r.mss)
	if halved := least / shortWay; halved < 16 {
		most += burstBytes >> halved / (burstBytes / largest)
	}
	return burst{most: min(max(most, leastBurst), largest)}
}

// inside says of the next segment whether more of its burst follow, of so many that may be sent, it included.
func (b *burst) inside(left int64) bool {
	if b.most == 0 {
		return false
	}
	b.size++
	if b.size == b.most || left <= 1 {
		b.size = 0
		return false
	}
	return true
}
