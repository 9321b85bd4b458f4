package transport

import "math"

// cubic is the growth of a congestion window beyond slow start as Linux's tcp_cubic calculates it
// (RFC 9438, with Linux's rule of at most 5 % a round trip before the first loss).
type cubic struct {
	lastMax   float64 // window before the last reduction; 0: there was none
	origin    float64
	k         float64 // seconds until the origin
	epoch     int64   // begin of this growth; never: not begun
	acked     float64 // segments acknowledged in the epoch
	reno      float64 // window that Reno would have
	count     float64 // acknowledged segments that grow the window by one
	lastTime  int64
	lastValue int64
}

const (
	cubicScale = 0.4         // C of RFC 9438
	cubicBeta  = 717 / 1024. // what a loss leaves of the window
	renoScale  = 8 * (1024 + 717) / 3 / (1024 - 717) / 8.
)

// update returns after how many acknowledged segments the window may grow by one.
func (c *cubic) update(window, acked, now, delay int64) float64 {
	c.acked += float64(acked)
	if c.epoch != never && c.lastValue == window && now-c.lastTime <= second/32 {
		return c.count
	}
	c.lastValue, c.lastTime = window, now
	w := float64(window)
	if c.epoch == never {
		c.epoch, c.acked, c.reno = now, float64(acked), w
		c.k, c.origin = 0, w
		if c.lastMax > w {
			c.k, c.origin = math.Cbrt((c.lastMax-w)/cubicScale), c.lastMax
		}
	}
	t := float64(now-c.epoch+delay)/float64(second) - c.k
	c.count = 100 * w
	if target := c.origin + cubicScale*t*t*t; target > w {
		c.count = w / (target - w)
	}
	if c.lastMax == 0 {
		c.count = min(c.count, 20)
	}
	for need := w * renoScale; need > 0 && c.acked > need; c.acked -= need {
		c.reno++
	}
	if c.reno > w {
		c.count = min(c.count, w/(c.reno-w))
	}
	c.count = max(c.count, 2)
	return c.count
}

// reduce notes a loss at the given window and returns the new one.
func (c *cubic) reduce(window int64) int64 {
	w := float64(window)
	if w < c.lastMax {
		c.lastMax = w * (1 + cubicBeta) / 2
	} else {
		c.lastMax = w
	}
	c.epoch = never
	return max(2, int64(w*cubicBeta))
}

// hystart finds the end of slow start before the queue overflows (Ha and Rhee, 2011), as Linux does:
// by the length of a train of ACKs, and by the round trip's growth.
type hystart struct {
	found   bool
	begin   int64 // of the round
	lastAck int64
	end     int64 // the round ends when this segment is acknowledged
	lowest  int64 // smallest round trip of the round
	samples int
}

const (
	hystartWindow  = 16 // segments: below, nothing is sought
	hystartSamples = 8
	hystartSpacing = 2 * millisecond // of ACKs in one train
	hystartPacing  = 1 * millisecond // allowance of a train's length
)

// update takes an ACK in and says whether slow start shall end. Rounds are counted below the window too from which on
// something is sought: one that began in the middle would take two trains for one.
func (y *hystart) update(h *half, now, roundTrip int64) bool {
	if h.una > y.end {
		*y = hystart{begin: now, lastAck: now, end: h.next, lowest: never}
	}
	if h.window < hystartWindow {
		return false
	}
	delay := h.delay
	if now-y.lastAck <= hystartSpacing {
		y.lastAck = now
		if now-y.begin > (delay+hystartPacing)/2 {
			y.found = true
		}
	}
	y.lowest = min(y.lowest, roundTrip)
	if y.samples < hystartSamples {
		y.samples++
	} else if y.lowest > delay+min(max(delay/8, 4*millisecond), 16*millisecond) {
		y.found = true
	}
	return y.found
}
