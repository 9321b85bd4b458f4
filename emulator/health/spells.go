package health

import (
	"cmp"
	"slices"
	"time"
)

// near is how many of the latest spells a new one may be joined to: packets to several stations are late together.
const near = 8

// Ring keeps the latest spells. Adding allocates nothing. A spell that touches one of the same kind and station is
// joined to it, as long as nobody has read that.
type Ring struct {
	all  []Spell
	next uint64 // number of the next one
	read uint64 // those below were given to a reader
}

// NewRing is a ring that keeps a number of spells, from 1.
func NewRing(size int) *Ring { return &Ring{all: make([]Spell, size)} }

func (r *Ring) at(number uint64) *Spell { return &r.all[number%uint64(len(r.all))] }

// Add keeps a spell.
func (r *Ring) Add(s Spell) {
	if s.To <= s.From {
		return
	}
	for n := r.next; n > r.read && r.next-n < min(near, uint64(len(r.all))); n-- {
		last := r.at(n - 1)
		same := last.Station == s.Station && last.Machine == s.Machine && last.Why == s.Why
		if same && s.From <= last.To && s.To >= last.From {
			last.From, last.To = min(last.From, s.From), max(last.To, s.To)
			return
		}
	}
	*r.at(r.next) = s
	r.next++
}

// Report tells, at an instant, of the spells from number since on that are kept, at most a number of them.
func (r *Ring) Report(now int64, since uint64, most int) Report {
	first := min(max(since, r.next-min(r.next, uint64(len(r.all)))), r.next)
	last := first + min(r.next-first, uint64(most))
	told := Report{Now: now, Since: first, Next: last, Last: last == r.next}
	for n := first; n < last; n++ {
		told.Spells = append(told.Spells, *r.at(n))
	}
	r.read = max(r.read, last)
	return told
}

// Overlap is how much of the time between two instants lies in a spell, none of it counted twice. The spells need no
// order.
func Overlap(spells []Spell, from, to int64) time.Duration {
	var in []Spell
	for i := range spells {
		if s := &spells[i]; s.To > from && s.From < to {
			in = append(in, Spell{From: max(s.From, from), To: min(s.To, to)})
		}
	}
	slices.SortFunc(in, func(a, b Spell) int { return cmp.Compare(a.From, b.From) })
	total, until := int64(0), from
	for _, s := range in {
		if s.To > until {
			total += s.To - max(s.From, until)
			until = s.To
		}
	}
	return time.Duration(total)
}
