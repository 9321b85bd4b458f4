package transport

// arm sets the timer of the probe, or else of the timeout.
func (f *flow) arm(now int64) {
	h := f.half
	if h.next == h.una {
		f.deadline = never
		return
	}
	smooth, vary := h.smooth, h.vary
	if smooth == 0 { // what the connection's set-up has shown
		smooth, vary = f.route.round, f.route.round/2
	}
	timeout := (smooth + max(leastTimeout, 4*vary)) << min(f.backoff, longestBackoff)
	if f.probe = !f.recovering && f.sacked == 0 && !f.probed; f.probe {
		wait := 2*smooth + probeSlack
		if f.pipe() == 1 {
			wait = 2*smooth + leastTimeout
		}
		timeout = min(timeout, wait)
	}
	f.deadline = now + timeout
}

// timeout is the end of that timer: a probe, or all that is under way is lost.
func (f *flow) timeout(n *network, now int64) {
	h := f.half
	switch {
	case f.told: // only the last ACK is missing
		h.una, h.next, f.deadline = f.stop, f.stop, never
		return
	case f.probe:
		f.probed = true
		number := h.next
		if number >= f.stop || number >= h.edge {
			number--
		}
		f.transmit(n, number, now, false)
		f.arm(now)
		return
	}
	for number := h.una; number < h.next; number++ {
		if s := f.at(number); !s.sacked && !s.lost {
			f.lose(number)
		}
		f.at(number).transmitted = false
	}
	f.again.head, f.again.tail = 0, 0
	if !f.recovering {
		f.recover()
	}
	f.slow, h.recover, h.window = true, h.next, 1
	f.backoff++
	f.send(n, now)
	f.arm(now)
}
