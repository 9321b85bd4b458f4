package study

import (
	"math"
	"testing"

	"testbed/emulator/compare"
	"testbed/emulator/report/figures"
)

func TestComparisonsGoByTheInterval(t *testing.T) {
	unknown := math.NaN()
	for _, c := range []struct {
		low, high              float64
		above, atLeast, atMost compare.Decision
	}{
		{2, 3, compare.No, compare.No, compare.Yes},
		{4, 5, compare.No, compare.Undecided, compare.Yes},
		{4, 6, compare.Undecided, compare.Undecided, compare.Undecided},
		{5, 6, compare.Undecided, compare.Yes, compare.Undecided},
		{5.1, 6, compare.Yes, compare.Yes, compare.No},
		{unknown, unknown, compare.Undecided, compare.Undecided, compare.Undecided}, // one sample has no interval
	} {
		p := figures.Point{Low: c.low, High: c.high}
		if a, l, m := above(p, 5), atLeast(p, 5), atMost(p, 5); a != c.above || l != c.atLeast || m != c.atMost {
			t.Errorf("[%v, %v] and 5: above %s, at least %s, at most %s", c.low, c.high, a, l, m)
		}
	}
}

func TestAllComparisonsTogether(t *testing.T) {
	const yes, no, open = compare.Yes, compare.No, compare.Undecided
	for _, c := range []struct {
		all  []compare.Decision
		want compare.Decision
	}{
		{[]compare.Decision{yes, yes}, yes}, {[]compare.Decision{yes, open, yes}, open},
		{[]compare.Decision{open, no, yes}, no}, {[]compare.Decision{no, open}, no}, {nil, ""},
	} {
		var d decision
		for _, is := range c.all {
			d.and(is)
		}
		if d.verdict != c.want || d.comparisons != len(c.all) {
			t.Errorf("%v: %+v, want %q", c.all, d, c.want)
		}
	}
}

// A claim about the longest chains alone: those of the lengths 1 and 2 are not among the longest, 3 and 4 are.
func TestOnlyLongest(t *testing.T) {
	const yes, no, open = compare.Yes, compare.No, compare.Undecided
	for _, c := range []struct {
		by   [4]compare.Decision
		want compare.Decision
	}{
		{[4]compare.Decision{no, no, no, yes}, yes},
		{[4]compare.Decision{no, no, open, yes}, yes},
		{[4]compare.Decision{no, no, no, no}, no},
		{[4]compare.Decision{no, no, no, open}, open},
		{[4]compare.Decision{no, open, yes, yes}, open},
		{[4]compare.Decision{no, yes, yes, yes}, no},
		{[4]compare.Decision{open, open, no, no}, no},
	} {
		all := []departure{{length: 1, share: 0.5}, {length: 2, share: 0.92}, {length: 3, share: 0.98}, {length: 4, share: 1}}
		got, _ := onlyLongest(all, func(d departure) (compare.Decision, bool) { return c.by[d.length-1], false })
		if got.verdict != c.want || got.comparisons != 4 {
			t.Errorf("%v: %+v, want %s", c.by, got, c.want)
		}
	}
}
