package health

import (
	"math/rand/v2"
	"testing"
	"time"
)

func every(*Spell) bool { return true }

func TestRingKeepsTheLatest(t *testing.T) {
	r := new(Ring)
	for i := range int64(ringSize + 10) {
		r.Add(Spell{From: i * 10, To: i*10 + 5, Why: Turn})
	}
	r.Add(Spell{From: 7, To: 7, Why: Turn}) // nothing
	if r.Next() != ringSize+10 {
		t.Fatalf("%d spells", r.Next())
	}
	got, first := r.Since(0, 1<<20)
	if len(got) != ringSize || first != 10 || got[0].From != 100 {
		t.Errorf("%d spells from number %d on, the first at %d", len(got), first, got[0].From)
	}
	if got, first := r.Since(ringSize+8, 1); len(got) != 1 || first != ringSize+8 {
		t.Errorf("%v from %d", got, first)
	}
	if got, first := r.Since(1<<40, 5); len(got) != 0 || first != r.Next() {
		t.Errorf("%v from %d", got, first)
	}
}

func TestSpellsThatTouchAreOne(t *testing.T) {
	r := new(Ring)
	late := func(station string, from, to int64) { r.Add(Spell{From: from, To: to, Station: station, Why: Overdue}) }
	late("a", 0, 10)
	late("b", 1, 11)
	late("a", 5, 15)
	late("b", 20, 30)
	got, _ := r.Since(0, 100)
	if len(got) != 3 || got[0].To != 15 || got[1].To != 11 {
		t.Fatalf("%v", got)
	}
	late("b", 25, 40) // what was read stays as it was
	more, first := r.Since(3, 100)
	if len(more) != 1 || first != 3 || more[0].From != 25 {
		t.Errorf("%v from %d", more, first)
	}
	if n := testing.AllocsPerRun(100, func() { late("a", 100, 200); late("b", 300, 301) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Overlap agrees with counting instant by instant.
func TestOverlapIsTheUnion(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var spells []Spell
		covered := map[int64]bool{}
		for range rng.IntN(8) {
			from := rng.Int64N(100)
			s := Spell{From: from, To: from + 1 + rng.Int64N(30), Why: Turn}
			spells = append(spells, s)
			for i := s.From; i < s.To; i++ {
				covered[i] = true
			}
		}
		from := rng.Int64N(80)
		to := from + rng.Int64N(60)
		want := time.Duration(0)
		for i := from; i < to; i++ {
			if covered[i] {
				want++
			}
		}
		if got := Overlap(spells, from, to, every); got != want {
			t.Fatalf("%v from %d to %d: %d, want %d", spells, from, to, got, want)
		}
	}
	spells := []Spell{{From: 0, To: 10, Station: "a"}, {From: 5, To: 20, Station: "b"}}
	if got := Overlap(spells, 0, 100, func(s *Spell) bool { return s.Station == "b" }); got != 15 {
		t.Errorf("b's alone: %d", got)
	}
}
