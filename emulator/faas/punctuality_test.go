package faas

import (
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/health"
)

// TestAgentsTellOfWhatWasLate whether or not somebody watches.
func TestAgentsTellOfWhatWasLate(t *testing.T) {
	p := newPunctuality(newClock())
	now := p.clock.now()
	p.late(now-int64(health.Floor)/2, now) // too little
	p.late(now-5_000_000, now)
	r := p.report(0, 0)
	if len(r.Spells) != 1 || r.Spells[0].To-r.Spells[0].From != 5_000_000 || r.Spells[0].Why != health.Overdue ||
		r.Next != 1 {
		t.Errorf("%+v", r)
	}
	if err := r.Check(0); err != nil {
		t.Error(err)
	}
}

// TestHeartBeatsWhileSomebodyWatches, for as many as there are, and not for ever.
func TestHeartBeatsWhileSomebodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPunctuality(newClock())
		beats := func() bool {
			synctest.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.beating
		}
		p.report(0, 1)
		p.report(0, 1)
		p.report(0, -1)
		time.Sleep(2 * heartbeat)
		if !beats() {
			t.Error("one still watches")
		}
		p.report(0, -1)
		time.Sleep(2 * heartbeat)
		if beats() {
			t.Error("nobody watches")
		}
		p.report(0, 1)
		time.Sleep(maxWatch + time.Second)
		if beats() {
			t.Error("who watches has been gone for long")
		}
		p.report(0, -1) // late
		p.report(0, 1)
		if !beats() {
			t.Error("one watches again")
		}
		p.report(0, -1)
		time.Sleep(2 * heartbeat)
	})
}

func TestReportsAreChecked(t *testing.T) {
	ok := health.Report{Now: 100, Since: 5, Next: 6, Spells: []health.Spell{{From: 10, To: 20}}}
	if err := ok.Check(4); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*health.Report){
		"the past":           func(r *health.Report) { r.Since = 3; r.Next = 4 },
		"too few":            func(r *health.Report) { r.Next = 9 },
		"backwards":          func(r *health.Report) { r.Next = 1 },
		"an end before":      func(r *health.Report) { r.Spells[0].To = 5 },
		"before all":         func(r *health.Report) { r.Spells[0].From = -5 },
		"the future":         func(r *health.Report) { r.Spells[0].To = 101 },
		"another's lateness": func(r *health.Report) { r.Spells[0].Station = "server" },
	} {
		r := ok
		r.Spells = []health.Spell{ok.Spells[0]}
		change(&r)
		if r.Check(4) == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
