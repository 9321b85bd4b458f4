package spread

import "testbed/emulator/health"

// told is how far a machine has told of its spells.
type told struct {
	name    string
	begun   bool           // it was asked before
	from    int64          // when its fabric began, by its own clock; another fabric has another
	next    uint64         // number of the first spell that is not known yet
	until   int64          // instant of its own clock before which all are
	pending []health.Spell // by its own clock, until they are placed on that of all

	counts int64 // from, as it is in what was told of all
}

// take takes down what a machine tells, with a spell for those that it has forgotten. It returns false where there is
// more to ask for.
func (t *told) take(h *health.Health) (last bool) {
	if t.begun && t.from != h.From { // another fabric, whose numbers begin anew
		t.from, t.next, t.until = h.From, 0, h.From
		return false
	}
	if t.begun && h.Since > t.next {
		to := h.Now
		if len(h.Spells) > 0 {
			to = h.Spells[0].To
		}
		t.pending = append(t.pending, health.Spell{From: t.until, To: to, Why: health.Forgotten})
	}
	t.pending = append(t.pending, h.Spells...)
	if n := len(t.pending); n > keptSpells { // its clock has not been known for long
		first, last := t.pending[0], t.pending[n-1]
		t.pending = []health.Spell{{From: first.From, To: max(first.To, last.To), Why: health.Forgotten}}
	}
	t.from, t.next, t.begun = h.From, h.Next, true
	if h.Last {
		t.until = h.Now
	}
	return h.Last
}

// placed are the spells that were not placed yet, on the clock of all.
func (t *told) placed(clock *health.Part) []health.Spell {
	all := t.pending
	t.pending = nil
	for i := range all {
		s := &all[i]
		length := s.To - s.From // a clock's rate is off by a millionth of what matters here
		s.From = clock.At(s.From)
		s.To, s.Machine = s.From+length, t.name
	}
	return all
}
