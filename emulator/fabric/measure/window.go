package measure

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnsteady is wrapped by the error of a measurement in which segments came out of order all the time, so
// that no interval has clean ends. The value that comes with it may be off by what the receiver held back.
var ErrUnsteady = errors.New("segments arrive out of order all the time")

// ErrNothing is wrapped by the error of a measurement in which a connection was made, and of what was sent over it
// nothing arrived.
var ErrNothing = errors.New("nothing arrived")

// mark is how a connection stood at a moment: the bytes that the receiver has without a gap, how many segments
// have come out of order since the connection began, and how many the sender knows to be held back by the receiver.
type mark struct {
	at         time.Duration
	bytes      uint64
	disordered uint32
	held       uint32
}

// ends are two marks between which bytes are counted.
type ends struct {
	first, last mark
	begun       bool
}

func (e *ends) add(m mark) {
	if !e.begun {
		e.first, e.begun = m, true
	}
	e.last = m
}

func (e *ends) span() time.Duration { return e.last.at - e.first.at }

func (e *ends) rate() float64 { return float64(e.last.bytes-e.first.bytes) * 8 / e.span().Seconds() }

// window chooses the marks between which a rate is taken. While a segment is missing those behind it arrive out
// of order, and the kernel counts none of them before the gap closes: then it counts them all at once. A mark is
// clean where no segment came out of order between the mark before it and the one after it, and the sender knows of
// none. The former tells of a gap at once, the latter, half a round trip later, until the last of many is closed:
// then only what was sent again arrives, and all of that in order.
type window struct {
	from, until, limit time.Duration // the ends wanted, and when to give up waiting for a clean one
	recent             [2]mark
	seen               int
	clean, any         ends
}

// patience is how much longer than duration a window waits for its clean end: for a gap of some round trips.
func patience(duration time.Duration) time.Duration { return max(time.Second, duration) }

func newWindow(warmup, duration time.Duration) *window {
	return &window{from: warmup, until: warmup + duration, limit: warmup + duration + patience(duration)}
}

// add takes the next mark and says whether the window is complete.
func (w *window) add(m mark) (done bool) {
	before, here := w.recent[0], w.recent[1]
	if w.seen >= 2 && here.at >= w.from && before.disordered == m.disordered && here.held == 0 && m.held == 0 {
		w.clean.add(here)
	}
	if m.at >= w.from && (m.at <= w.until || w.any.span() <= 0) {
		w.any.add(m)
	}
	w.recent, w.seen = [2]mark{here, m}, w.seen+1
	return w.clean.begun && w.clean.last.at >= w.until || m.at > w.limit
}

// rate is in bit/s. Ends that are closer to one another than half of what was wanted do not count as clean.
func (w *window) rate() (float64, error) {
	wanted := w.until - w.from
	switch {
	case w.clean.begun && w.clean.span() > 0 && w.clean.span() >= wanted/2:
		return w.clean.rate(), nil
	case w.any.span() <= 0:
		return 0, fmt.Errorf("%w in %v", ErrNothing, wanted)
	}
	return w.any.rate(), ErrUnsteady
}
