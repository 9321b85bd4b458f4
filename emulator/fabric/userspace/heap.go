package userspace

// event is what is scheduled for a packet: its arrival at the next queue or, after the last one, its delivery.
type event struct {
	due int64  // ns of the engine's clock
	seq uint64 // scheduled earlier, first out among those of the same instant
	p   *packet
}

func (e *event) before(o *event) bool { return e.due < o.due || e.due == o.due && e.seq < o.seq }

// eventHeap is a 4-ary heap: shallower than a binary one, and its children share cache lines.
type eventHeap []event

func (h *eventHeap) push(e event) {
	s := append(*h, e)
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&s[parent]) {
			break
		}
		s[i] = s[parent]
		i = parent
	}
	s[i] = e
	*h = s
}

// pop removes the first event. The heap must not be empty.
func (h *eventHeap) pop() event {
	s := *h
	first, last := s[0], s[len(s)-1]
	s[len(s)-1] = event{}
	s = s[:len(s)-1]
	*h = s
	if len(s) > 0 {
		s.sink(0, last)
	}
	return first
}

// sink places e at i or below, moving smaller children up.
func (h eventHeap) sink(i int, e event) {
	for {
		child := 4*i + 1
		if child >= len(h) {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(h)); c++ {
			if h[c].before(&h[least]) {
				least = c
			}
		}
		if !h[least].before(&e) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
}

// repair restores the order after events' times were changed (heapify).
func (h eventHeap) repair() {
	for i := (len(h) - 2) / 4; i >= 0 && len(h) > 1; i-- {
		h.sink(i, h[i])
	}
}
