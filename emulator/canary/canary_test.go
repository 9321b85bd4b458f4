package canary

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"testbed/emulator/health"
)

// line is a wire on which time passes by ticks alone.
type line struct {
	mu     sync.Mutex
	clock  int64
	every  time.Duration
	ticks  int
	stops  map[int]time.Duration // by tick, how long the host stops
	lose   map[uint64]bool
	under  []flight
	fail   error // of the tick after those of last
	last   int
	closed bool
	idle   chan struct{} // closed when last ticks have passed
}

type flight struct {
	number uint64
	at     int64
}

func (l *line) now() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clock
}

func (l *line) begin(every time.Duration) int64 { l.every = every; return l.clock + int64(every) }

func (l *line) tick() error {
	l.ticks++
	if l.ticks > l.last {
		if l.ticks == l.last+1 {
			close(l.idle)
		}
		time.Sleep(time.Millisecond) // until it is told to stop
		if l.fail != nil {
			return l.fail
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// A tick that a stop keeps from being noticed is noticed when that is over.
	l.clock = (l.clock/int64(l.every) + 1) * int64(l.every)
	l.clock += int64(l.stops[l.ticks])
	return nil
}

func (l *line) send(number uint64) {
	if !l.lose[number] {
		l.under = append(l.under, flight{number, l.now() + int64(Way)})
	}
}

func (l *line) arrivals(f arrivedAt) {
	for now := l.now(); len(l.under) > 0 && l.under[0].at <= now; {
		f(l.under[0].number, l.under[0].at)
		l.under = l.under[1:]
	}
}

func (l *line) close() { l.closed = true }

func watched(l *line) *Canary {
	l.idle = make(chan struct{})
	c := &Canary{account: newAccount(), probes: l, every: often, done: make(chan struct{}),
		remove: func(context.Context) error { return nil }}
	c.begin()
	<-l.idle
	return c
}

// TestAStopCountsForEachProbeThatFallsIntoIt.
func TestAStopCountsForEachProbeThatFallsIntoIt(t *testing.T) {
	l := &line{last: 50, stops: map[int]time.Duration{20: 100 * time.Millisecond}, lose: map[uint64]bool{40: true}}
	c := watched(l)
	report, err := c.Report(t.Context(), 0)
	if err != nil || len(report.Spells) != 1 || report.Spells[0].Why != health.Overslept ||
		report.Spells[0].To-report.Spells[0].From != int64(100*time.Millisecond) {
		t.Errorf("%+v, %v", report.Spells, err)
	}
	r, err := c.Stop(t.Context())
	late := 0
	for i, n := range r.Late.Counts {
		if i > 0 {
			late += int(n)
		}
	}
	if err != nil || r.Lost != 1 || late != 10 || r.Late.Longest != 100*time.Millisecond || !l.closed {
		t.Errorf("%d of %d lost, %d late, by %v at most, %v", r.Lost, r.Probes, late, r.Late.Longest, err)
	}
	if _, err := c.Report(t.Context(), 0); !errors.Is(err, errStopped) {
		t.Errorf("asked after the end: %v", err)
	}
}

// TestACanaryThatEndsSaysSo, and what it has measured until then.
func TestACanaryThatEndsSaysSo(t *testing.T) {
	dead := errors.New("dead")
	c := watched(&line{last: 5, fail: dead})
	<-c.done
	if _, err := c.Report(t.Context(), 0); !errors.Is(err, dead) {
		t.Errorf("asked: %v", err)
	}
	if r, err := c.Stop(t.Context()); !errors.Is(err, dead) || r.Probes != 5 {
		t.Errorf("%d probes, %v", r.Probes, err)
	}
}
