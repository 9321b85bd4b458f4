package health

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestRingKeepsTheLatest(t *testing.T) {
	const size = 1000
	r := NewRing(size)
	for i := range int64(size + 10) {
		r.Add(Spell{From: i * 10, To: i*10 + 5, Why: Turn})
	}
	r.Add(Spell{From: 7, To: 7, Why: Turn}) // nothing
	if got := r.Report(7, 0, 1<<20); len(got.Spells) != size || got.Since != 10 || got.Next != size+10 ||
		got.Spells[0].From != 100 || got.Now != 7 {
		t.Errorf("%d spells from number %d to %d, the first at %d", len(got.Spells), got.Since, got.Next, got.Spells[0].From)
	}
	if got := r.Report(0, size+8, 1); len(got.Spells) != 1 || got.Since != size+8 || got.Next != size+9 {
		t.Errorf("one of two: %+v", got)
	}
	if got := r.Report(0, 1<<40, 5); len(got.Spells) != 0 || got.Since != size+10 || got.Next != size+10 {
		t.Errorf("of the future: %+v", got)
	}
}

func TestSpellsThatTouchAreOne(t *testing.T) {
	r := NewRing(100)
	late := func(station string, from, to int64) { r.Add(Spell{From: from, To: to, Station: station, Why: Overdue}) }
	late("a", 0, 10)
	late("b", 1, 11)
	late("a", 5, 15)
	late("b", 20, 30)
	late("a", -9, -5) // told of after what came later
	got := r.Report(0, 0, 100).Spells
	if len(got) != 4 || got[0].From != 0 || got[0].To != 15 || got[1].To != 11 {
		t.Fatalf("%v", got)
	}
	late("b", 25, 40) // what was read stays as it was
	if more := r.Report(0, 4, 100); len(more.Spells) != 1 || more.Since != 4 || more.Spells[0].From != 25 {
		t.Errorf("%+v", more)
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
		if got := Overlap(spells, from, to); got != want {
			t.Fatalf("%v from %d to %d: %d, want %d", spells, from, to, got, want)
		}
	}
}
