package transport

// steady recognises a transfer whose receiver hears from a busy bottleneck at constant intervals, so
// that its middle need not be calculated.
type steady struct {
	before [2]int64 // the last two arrivals
	period int64    // of two segments, for ACKs come with every second one
	run    int64    // arrivals in a row with that period
}

// leastSkip is how many segments make it worth while.
const leastSkip = 1024

// watch notes an arrival and, once the bottleneck has been busy for longer than a window, lets time
// pass for as many segments as leave two windows to calculate. Nothing is skipped in slow start, nor
// where a queue is so short that the reduction after an overflow would let the bottleneck run idle.
// Skipped segments grow the window, but a loss among them only as far as it bounds the window.
func (s *simulation) watch() {
	w, h := &s.steady, s.half
	period := s.now - w.before[0]
	w.before[0], w.before[1] = w.before[1], s.now
	if period != w.period {
		w.period, w.run = period, 0
		return
	}
	w.run++
	flight := h.next - h.una
	if w.run < flight+8 || h.slowStart() && h.growing() {
		return
	}
	w.run = 0
	skip := (s.stop - h.next - 2*flight) &^ 1
	r := s.route
	if skip < leastSkip || r.slowest == 0 || period < 2*r.slowest || r.slack != never && r.slack < r.round/2 {
		return
	}
	s.shift(skip / 2 * period)
	s.stop -= skip
	s.swell(skip)
}

// shift moves all that is under way, and the clock, by d ps: whatever holds a time must be here, but for
// CUBIC's, for which the time has passed. TestShift finds what is forgotten.
func (s *simulation) shift(d int64) {
	s.now += d
	for i := range s.free {
		s.free[i] += d
	}
	for i := range s.sent {
		s.sent[i] += d
	}
	for i := range s.lanes {
		r := &s.lanes[i]
		for j := r.head; j != r.tail; j++ {
			p := &r.slots[j&uint64(len(r.slots)-1)]
			p.at += d
			if p.echo > 0 {
				p.echo += d
			}
		}
		if s.heads[i] != never {
			s.heads[i] += d
		}
	}
	if s.timer != never {
		s.timer += d
	}
	h := s.half
	h.lastSend += d
	h.receiver.since += d
	h.receiver.echoed += d
	h.echo += d
	h.hystart.begin += d
	h.hystart.lastAck += d
	s.steady.before[0] += d
	s.steady.before[1] += d
}

// swell grows the window by what skipped segments bring, and cuts it where that exceeds what path and queue hold.
func (s *simulation) swell(skipped int64) {
	h, r := s.half, s.route
	if !h.growing() || h.cubic.count == 0 {
		return
	}
	h.window += int64(float64(skipped) / h.cubic.count)
	if r.slack == never {
		return
	}
	if most := (r.round + r.slack) / r.slowest; h.window > most {
		h.window = max(2, int64(float64(most)*cubicBeta))
		h.cubic.lastMax, h.cubic.epoch, h.threshold = float64(most), never, h.window
	}
}
