package canary

import (
	"slices"
	"testing"
	"time"

	"testbed/emulator/health"
)

// at is an instant in ms.
func at(ms float64) int64 { return int64(ms * 1e6) }

func TestAccount(t *testing.T) {
	const loss = -1
	type sent struct{ scheduled, sent, back float64 } // ms
	for name, c := range map[string]struct {
		probes  []sent
		now     float64
		longest time.Duration
		lost    uint64
		spells  []health.Spell
	}{
		"punctual": {[]sent{{10, 10, 14.1}, {20, 20.1, 24.15}}, 30, 150 * time.Microsecond, 0, nil},
		"the way took long": {[]sent{{10, 10, 14.1}, {20, 20, 27}}, 30, 3 * time.Millisecond, 0,
			[]health.Spell{{From: at(24), To: at(27), Why: health.Overdue}}},
		"sent late": {[]sent{{10, 15, 19.1}}, 30, 5100 * time.Microsecond, 0,
			[]health.Spell{{From: at(10), To: at(15), Why: health.Overslept}}},
		"both": {[]sent{{10, 15, 20}}, 30, 6 * time.Millisecond, 0, []health.Spell{
			{From: at(10), To: at(15), Why: health.Overslept}, {From: at(19), To: at(20), Why: health.Overdue}}},
		"lost, and one of the same direction came": {[]sent{{10, 10, loss}, {20, 20, 24}, {30, 30, 34}}, 40, 0, 1, nil},
		"overdue, though one of the other came": {[]sent{{10, 10, loss}, {20, 20, 24}}, 30, 0, 1,
			[]health.Spell{{From: at(14), To: at(30), Why: health.Overdue}}},
		"too long to be late": {[]sent{{10, 10, loss}}, 20_000, 0, 1, nil},
		"not due yet":         {[]sent{{10, 10, loss}}, 13, 0, 1, nil},
		"a stop of 30 ms is one spell": {[]sent{{10, 10, 45}, {20, 45, 49}, {30, 45, 49}, {40, 45, 49}}, 50,
			31 * time.Millisecond, 0, []health.Spell{
				{From: at(14), To: at(45), Why: health.Overdue}, {From: at(20), To: at(45), Why: health.Overslept}}},
	} {
		a := newAccount()
		type back struct {
			n  uint64
			at int64
		}
		var backs []back
		for _, p := range c.probes {
			backs = append(backs, back{a.send(at(p.scheduled), at(p.sent)), at(p.back)})
		}
		for _, b := range backs {
			if b.at >= 0 {
				a.arrived(b.n, b.at)
			}
		}
		report, result := a.report(at(c.now), 0), a.result()
		spells := slices.Clone(report.Spells)
		slices.SortFunc(spells, func(a, b health.Spell) int { return int(a.From - b.From) })
		if !slices.Equal(spells, c.spells) {
			t.Errorf("%s: %v, want %v", name, spells, c.spells)
		}
		if result.Probes != uint64(len(c.probes)) || result.Lost != c.lost || result.Late.Longest != c.longest ||
			result.Late.Count != result.Probes-result.Lost {
			t.Errorf("%s: %d probes, %d lost, %d late by %v at most, want %d lost, %v", name, result.Probes, result.Lost,
				result.Late.Count, result.Late.Longest, c.lost, c.longest)
		}
		if err := report.Check(0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What never was sent, came twice, or is older than what is kept changes nothing.
func TestStrangeAnswers(t *testing.T) {
	a := newAccount()
	first := a.send(0, 0)
	a.arrived(first, int64(Way))
	for _, n := range []uint64{first, 1, 1 << 40} {
		a.arrived(n, at(9000))
	}
	if r := a.result(); r.Late.Count != 1 || r.Lost != 0 || r.Late.Longest != 0 {
		t.Errorf("%d, %d lost, %v", r.Late.Count, r.Lost, r.Late.Longest)
	}
	for range underWay + 1 {
		a.send(0, 0)
	}
	for n := range uint64(2) {
		a.arrived(n, at(9000))
	}
	if r := a.result(); r.Late.Count != 1 || r.Lost != underWay+1 {
		t.Errorf("%d, %d lost", r.Late.Count, r.Lost)
	}
}
