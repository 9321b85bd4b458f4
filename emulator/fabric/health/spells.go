package health

import (
	"cmp"
	"slices"
	"time"
)

// ringSize is how many spells a Ring keeps.
const ringSize = 1 << 14

// near is how many of the latest spells a new one may be joined to: packets to several stations are late together.
const near = 8

// Ring keeps the latest spells. Adding allocates nothing. A spell that touches one of the same kind and station is
// joined to it, as long as nobody has read that.
type Ring struct {
	all  [ringSize]Spell
	next uint64 // number of the next one
	read uint64 // those below were given to a reader
}

// Add keeps a spell. Those of one kind and station come in the order of their ends.
func (r *Ring) Add(s Spell) {
	if s.To <= s.From {
		return
	}
	for n := r.next; n > r.read && r.next-n < near; n-- {
		last := &r.all[(n-1)%ringSize]
		if last.Station == s.Station && last.Why == s.Why && s.From <= last.To {
			last.From, last.To = min(last.From, s.From), max(last.To, s.To)
			return
		}
	}
	r.all[r.next%ringSize] = s
	r.next++
}

// Since are the spells from number since on that are kept, at most a number of them, and the number of the first.
// That is larger than since where some were forgotten.
func (r *Ring) Since(since uint64, most int) (spells []Spell, first uint64) {
	first = min(max(since, r.next-min(r.next, ringSize)), r.next)
	for n := first; n < r.next && len(spells) < most; n++ {
		spells = append(spells, r.all[n%ringSize])
	}
	r.read = max(r.read, first+uint64(len(spells)))
	return spells, first
}

// Next is the number of the next spell.
func (r *Ring) Next() uint64 { return r.next }

// Overlap is how much of the time between two instants lies in a spell of those that counts accepts: none of it
// twice. The spells need no order.
func Overlap(spells []Spell, from, to int64, counts func(*Spell) bool) time.Duration {
	var in []Spell
	for i := range spells {
		if s := &spells[i]; s.To > from && s.From < to && counts(s) {
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
