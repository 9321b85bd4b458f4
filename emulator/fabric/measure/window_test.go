package measure

import (
	"errors"
	"math"
	"testing"
	"time"
)

// receiver plays a link that hands over a segment of 1000 bytes each millisecond, 8 Mb/s, to a receiver that
// is read every 10 ms of what is in order.
type receiver struct {
	held       uint64 // segments behind the gap
	bytes      uint64
	disordered uint32
}

// play feeds a window the marks of that receiver, with gaps that begin and end at the times given, in ms.
func play(w *window, until int, gaps ...[2]int) {
	var r receiver
	for ms := range until {
		missing := false
		for _, g := range gaps {
			missing = missing || ms >= g[0] && ms < g[1]
			if ms == g[1] {
				r.bytes, r.held = r.bytes+1000*r.held, 0
			}
		}
		if missing {
			r.held++
			r.disordered++
			continue // nothing to read
		}
		r.bytes += 1000
		if ms%10 == 0 && w.add(mark{time.Duration(ms) * time.Millisecond, r.bytes, r.disordered, 0}) {
			return
		}
	}
}

func TestWindowLeavesOutWhatWasHeldBack(t *testing.T) {
	for name, gaps := range map[string][][2]int{
		"no gap":                   nil,
		"a gap at the beginning":   {{300, 600}},
		"a gap across the warm-up": {{480, 560}},
		"a gap in the middle":      {{700, 800}},
		"a gap at the end":         {{950, 1200}},
		"gaps at both ends":        {{450, 650}, {980, 1100}},
		"one after another":        {{300, 400}, {420, 520}, {540, 640}},
	} {
		w := newWindow(500*time.Millisecond, 500*time.Millisecond)
		play(w, 4000, gaps...)
		if got, err := w.rate(); err != nil || math.Abs(got/8e6-1) > 0.001 {
			t.Errorf("%s: %.3f Mb/s, want 8 (%v)", name, got/1e6, err)
		}
	}
}

// Behind a burst of losses only what was sent again arrives for a while: in order, each closing one gap of many,
// with what was held behind it. The sender knows.
func TestWindowLeavesOutManyGapsThatCloseOneByOne(t *testing.T) {
	w := newWindow(500*time.Millisecond, 500*time.Millisecond)
	bytes := uint64(0)
	for ms := 10; ms < 4000; ms += 10 {
		held := uint32(0)
		switch {
		case ms < 300 || ms >= 700:
			bytes += 10000
		case ms >= 500: // 200 ms of what came before is released beside what is sent again
			bytes, held = bytes+20000, uint32(700-ms)
		}
		if w.add(mark{time.Duration(ms) * time.Millisecond, bytes, 7, held}) {
			break
		}
	}
	if got, err := w.rate(); err != nil || math.Abs(got/8e6-1) > 0.001 {
		t.Errorf("%.3f Mb/s, want 8 (%v)", got/1e6, err)
	}
}

func TestWindowSaysThatItCannotMeasure(t *testing.T) {
	w := newWindow(100*time.Millisecond, 100*time.Millisecond)
	var gaps [][2]int
	for ms := 5; ms < 4000; ms += 10 {
		gaps = append(gaps, [2]int{ms, ms + 3})
	}
	play(w, 4000, gaps...)
	if got, err := w.rate(); !errors.Is(err, ErrUnsteady) || math.Abs(got/8e6-1) > 0.2 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := newWindow(time.Second, time.Second).rate(); err == nil || errors.Is(err, ErrUnsteady) {
		t.Errorf("nothing arrived: %v", err)
	}
}

// The window ends: with the first clean mark behind it, or when patience does.
func TestWindowEnds(t *testing.T) {
	w := newWindow(0, 100*time.Millisecond)
	at, done := 0, false
	for ; !done && at < 10000; at++ {
		done = w.add(mark{time.Duration(at) * time.Millisecond, uint64(at), uint32(at), 0})
	}
	if want := int((100*time.Millisecond + patience(100*time.Millisecond)) / time.Millisecond); at < want || at > want+5 {
		t.Errorf("ended after %d ms, want %d", at, want)
	}
}
