package spread

import (
	"errors"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/internal/exchange"
)

// TestATraceIsAsFarOnAsItsMachineSays, however the clocks have drifted apart since it began.
func TestATraceIsAsFarOnAsItsMachineSays(t *testing.T) {
	const now = int64(5e12) // of the machine's clock
	c := tapClock{health.Part{Ahead: 1200 * time.Millisecond, Drift: 20e-6, Now: now - 1.2e9}, -3e9}
	for _, since := range []time.Duration{0, time.Second, time.Hour} {
		q := fabric.QueueStatus{Began: now - int64(since), Since: since}
		if elapsed := c.at(time.Duration(now)) - time.Duration(c.began(&q)); elapsed != since {
			t.Errorf("%v instead of %v", elapsed, since)
		}
	}
}

// TestCapturesAreMergedByTime: nothing is shown before what is earlier can come, each on its own clock.
func TestCapturesAreMergedByTime(t *testing.T) {
	var shown []fabric.Tapped
	var until []time.Duration
	m := &tapMerge{names: []string{"a", "b"}, lost: make([]uint64, 3),
		clocks:  []tapClock{{ahead: 1000}, {Part: health.Part{Ahead: time.Hour}, ahead: 1000}},
		sources: []*tapSource{{machine: 0, of: []int{2}}, {machine: 1, of: []int{0, 1}}},
		to: fabric.TapSink{
			Packet: func(p fabric.Tapped) error { shown = append(shown, p); return nil },
			Told:   func(t time.Duration, _ []uint64) error { until = append(until, t); return nil },
		}}
	all := make(chan tapHeard, 10)
	at := func(source int, tapped tapped) { all <- tapHeard{source, tapped, nil} }
	at(0, tapped{Packets: exchange.Frames{{At: 5000, Data: frame}, {At: 9000, Data: frame}}})
	at(1, tapped{Packets: exchange.Frames{{Of: 1, At: int64(time.Hour) + 6000, Data: frame}}, Until: time.Hour + 8000,
		Lost: []uint64{0, 4}})
	at(0, tapped{Until: 12_000, Ended: true})
	at(1, tapped{Packets: exchange.Frames{{At: int64(time.Hour) + 8500, Data: frame}}, Ended: true})
	if err := m.run(all); err != nil {
		t.Fatal(err)
	}
	want := []fabric.Tapped{{Queue: 2, At: 4000}, {Queue: 1, At: 5000}, {Queue: 0, At: 7500}, {Queue: 2, At: 8000}}
	if len(shown) != len(want) {
		t.Fatalf("%+v", shown)
	}
	for i, p := range shown {
		if p.Queue != want[i].Queue || p.At != want[i].At {
			t.Errorf("packet %d: %+v, want %+v", i, p, want[i])
		}
	}
	if len(until) == 0 || until[len(until)-1] != 11_000 || m.lost[1] != 4 {
		t.Errorf("told until %v, lost %v", until, m.lost)
	}
	for i := 1; i < len(until); i++ {
		if until[i] <= until[i-1] {
			t.Errorf("told until %v", until)
		}
	}
	m.sources[0].ended, m.sources[1].ended = false, false
	for name, f := range map[string]exchange.Frame{"of no queue": {Of: 9, Data: frame}, "of no bytes": {Of: 1}} {
		all <- tapHeard{1, tapped{Packets: exchange.Frames{f}}, nil}
		if err := m.run(all); !errors.Is(err, errRequest) || !strings.Contains(err.Error(), "machine b") {
			t.Errorf("a packet %s: %v", name, err)
		}
	}
}

// TestCapturesHoldSoMuch: where a machine tells nothing, what the others show is held up to a bound in memory, and not
// in bytes of packets alone.
func TestCapturesHoldSoMuch(t *testing.T) {
	shown, most := 0, 0
	m := &tapMerge{names: []string{"a", "b"}, lost: make([]uint64, 2), clocks: make([]tapClock, 2),
		sources: []*tapSource{{machine: 0, of: []int{0}}, {machine: 1, of: []int{1}}},
		to: fabric.TapSink{Packet: func(fabric.Tapped) error { shown++; return nil },
			Told: func(time.Duration, []uint64) error { return nil }}}
	const rounds, each = 200, 10_000
	frames := make(exchange.Frames, each)
	for i := range frames {
		frames[i].Data = frame
	}
	for range rounds {
		if err := errors.Join(m.take(m.sources[0], &tapped{Packets: frames}), m.show()); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(m.sources[0].pending))
	}
	if most*exchange.Held > mostHeld || most+shown != rounds*each {
		t.Errorf("%d packets were held at a time, %d shown, of %d", most, shown, rounds*each)
	}
}

var frame = make([]byte, exchange.HeaderBytes)
