package spread

import (
	"errors"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric/userspace"
	"testbed/emulator/health"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// crossing is what a machine knows of another one's clock.
func crossing(with string, ahead, wrong time.Duration) health.Crossing {
	return health.Crossing{Machine: with, Ahead: ahead, Error: wrong, RoundTrip: 2 * wrong}
}

// TestClocksGoTheSurestWay: directly or by way of others, from either side's probes.
func TestClocksGoTheSurestWay(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	all := make([]health.Health, 4)
	all[0].Now = 1000
	all[0].Crossings = []health.Crossing{crossing("b", time.Second, 50*us), crossing("c", 7*time.Second, 5*ms),
		{Machine: "d"}}
	all[1].Crossings = []health.Crossing{crossing("a", -time.Second-us, 60*us), crossing("c", 2*time.Second, 30*us)}
	all[3].Crossings = []health.Crossing{crossing("c", -10*time.Second, 10*us), {Machine: "nobody", RoundTrip: 1}}
	all[0].Crossings[0].Drift = 1e-4
	clocks, err := clocksOf(names, all)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []health.Part{
		{}, {Ahead: time.Second, Error: 50 * us, Drift: 1e-4}, {Ahead: 3 * time.Second, Error: 80 * us, Drift: 1e-4},
		{Ahead: 13 * time.Second, Error: 90 * us, Drift: 1e-4},
	} {
		if c := clocks[i]; c.Ahead != want.Ahead || c.Error != want.Error || c.Drift != want.Drift || c.Machine != names[i] ||
			c.Now != 1000 {
			t.Errorf("%s: ahead by %v to %v, drift %g", c.Machine, c.Ahead, c.Error, c.Drift)
		}
	}
	// A second later on its clock, of which it gains 0.1 ms.
	if got := clocks[1].At(2_000_001_000); got != 1_000_001_000-100_000 {
		t.Errorf("placed at %d", got)
	}
	if got := clocks[1].Shows(1_000_001_000 - 100_000); got < 2_000_001_000-2 || got > 2_000_001_000+2 {
		t.Errorf("shows %d", got)
	}
	all[3].Crossings = nil
	if _, err := clocksOf(names, all); !errors.Is(err, userspace.ErrApart) || !strings.Contains(err.Error(), "machine d") {
		t.Errorf("a clock that nobody knows: %v", err)
	}
}

// two are two machines' health, the second one's clock an hour ahead.
func two() []health.Health {
	const hour = int64(time.Hour)
	all := make([]health.Health, 2)
	all[0].Crossings = []health.Crossing{crossing("b", time.Hour, 50*us)}
	all[1].Crossings = []health.Crossing{crossing("a", -time.Hour, 50*us)}
	all[0].Report = health.Report{Now: 9000, Last: true, Next: 1, Spells: []health.Spell{
		{From: 100, To: 200, Why: health.Turn}}}
	all[1].Report = health.Report{Now: hour + 8000, Last: true, Next: 2, Spells: []health.Spell{
		{From: hour + 120, To: hour + 150, Why: health.Turn},
		{From: hour + 300, To: hour + 400, Station: "x", Why: health.Overdue}}}
	all[0].From, all[1].From = 10, hour+50
	all[0].Busy, all[1].Busy, all[0].Overflow, all[1].Overflow = 2*ms, 4*ms, 3, 4
	all[0].Written.Record(1000)
	all[1].Written.Record(5000)
	return all
}

// hear is what Fabric.Health does with what machines say.
func (p *punctual) hears(t *testing.T, all []health.Health, since uint64) health.Health {
	t.Helper()
	p.are([]string{"a", "b"})
	for i := range all {
		p.machines[i].take(&all[i])
	}
	h, err := p.merge([]string{"a", "b"}, all)
	if err != nil {
		t.Fatal(err)
	}
	h.Report = p.spells.Report(h.Now, since, toldSpells)
	return h
}

func TestSpellsComeOnOneClock(t *testing.T) {
	var p punctual
	h := p.hears(t, two(), 0)
	want := []health.Spell{
		{From: 120, To: 150, Why: health.Turn, Machine: "b"}, {From: 100, To: 200, Why: health.Turn, Machine: "a"},
		{From: 300, To: 400, Station: "x", Why: health.Overdue, Machine: "b"},
	}
	if len(h.Spells) != 3 || h.Next != 3 || !h.Last {
		t.Fatalf("%+v", h.Report)
	}
	for i, s := range h.Spells {
		if s != want[i] {
			t.Errorf("spell %d: %+v, want %+v", i, s, want[i])
		}
	}
	if h.Now != 8000 || h.From != 50 {
		t.Errorf("now %d, from %d: none that ended before now comes later, and all had begun then", h.Now, h.From)
	}
	if h.Busy != 3*ms || h.Overflow != 7 || h.Written.Count != 2 || h.Parts[1].Written.Count != 1 ||
		h.Parts[1].Overflow != 4 {
		t.Errorf("busy %v, overflow %d, %d written", h.Busy, h.Overflow, h.Written.Count)
	}
	if len(h.Crossings) != 2 || h.Crossings[0].Of != "a" || h.Crossings[1].Of != "b" {
		t.Errorf("%+v", h.Crossings)
	}

	// Others hear the same, and nothing twice.
	all := two()
	all[0].Report = health.Report{Now: 10_000, Last: true, Since: 1, Next: 1}
	all[1].Report = health.Report{Now: all[1].Now + 2000, Last: true, Since: 2, Next: 3, Spells: []health.Spell{
		{From: int64(time.Hour) + 9000, To: int64(time.Hour) + 9500, Why: health.Overslept}}}
	all[1].Crossings[0].Ahead -= 3 // the estimate changes
	all[0].Crossings[0].Ahead += 3
	again := p.hears(t, all, h.Next)
	if len(again.Spells) != 1 || again.Spells[0].From != 9000-3 || again.From != h.From {
		t.Errorf("%+v, from %d", again.Report, again.From)
	}
	if r := p.spells.Report(0, 0, toldSpells); len(r.Spells) != 4 {
		t.Errorf("who asks first hears %d spells", len(r.Spells))
	}
}

// TestForgottenSpellsAreOne: what a machine forgot may have been anything.
func TestForgottenSpellsAreOne(t *testing.T) {
	var p punctual
	h := p.hears(t, two(), 0)
	all := two()
	all[0].Report = health.Report{Now: 20_000, Last: true, Since: 8, Next: 9, Spells: []health.Spell{
		{From: 15_000, To: 16_000, Why: health.Turn}}}
	all[1].Report = health.Report{Now: all[1].Now, Last: true, Since: 2, Next: 2}
	h = p.hears(t, all, h.Next)
	if len(h.Spells) != 2 || h.Spells[0] != (health.Spell{From: 9000, To: 16_000, Why: health.Forgotten, Machine: "a"}) {
		t.Errorf("%+v", h.Spells)
	}
}

// TestAnotherFabricIsSeen: its spells are counted anew, and so is all else.
func TestAnotherFabricIsSeen(t *testing.T) {
	var p punctual
	h := p.hears(t, two(), 0)
	all := two()
	all[1].From += 5000
	p.are([]string{"a", "b"})
	if p.machines[1].take(&all[1]) || p.machines[1].next != 0 {
		t.Errorf("spells of another fabric are asked for from number %d", p.machines[1].next)
	}
	now := p.hears(t, all, h.Next)
	if now.From == h.From || now.From != 5050 {
		t.Errorf("it began at %d, and before at %d", now.From, h.From)
	}
}

// TestSpellsWaitForTheirClock, and are not lost while it is not known.
func TestSpellsWaitForTheirClock(t *testing.T) {
	var p punctual
	p.are([]string{"a", "b"})
	all := two()
	all[0].Crossings, all[1].Crossings = nil, nil
	for i := range all {
		p.machines[i].take(&all[i])
	}
	if _, err := p.merge([]string{"a", "b"}, all); err == nil {
		t.Fatal("an unknown clock: no error")
	}
	next := two()
	for i := range next {
		next[i].Report = health.Report{Now: next[i].Now, Last: true, Since: next[i].Next, Next: next[i].Next}
	}
	if h := p.hears(t, next, 0); len(h.Spells) != 3 {
		t.Errorf("%d of 3 spells", len(h.Spells))
	}
	many := told{begun: true}
	for range 3 {
		h := health.Health{}
		h.Since, h.Next, h.Last, h.Now = many.next, many.next+keptSpells, true, 1<<40
		for i := range int64(keptSpells) {
			h.Spells = append(h.Spells, health.Spell{From: i * 10, To: i*10 + 5, Why: health.Turn})
		}
		many.take(&h)
	}
	if n := len(many.pending); n > 2*keptSpells {
		t.Errorf("%d spells wait", n)
	}
}
