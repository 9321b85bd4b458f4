package study

import (
	"testbed/emulator/compare"
	"testbed/emulator/report/figures"
)

// decision is what several comparisons say together to a statement that claims all of them.
type decision struct {
	verdict     compare.Decision
	comparisons int
}

// and adds a comparison.
func (d *decision) and(is compare.Decision) {
	d.comparisons++
	if d.verdict == "" || is == compare.No || is == compare.Undecided && d.verdict == compare.Yes {
		d.verdict = is
	}
}

// above says whether a mean is above a bound, by its interval: no, where the whole interval is not.
func above(p figures.Point, bound float64) compare.Decision {
	switch {
	case p.Low > bound:
		return compare.Yes
	case p.High <= bound:
		return compare.No
	}
	return compare.Undecided
}

// atLeast is above for a bound that may be reached.
func atLeast(p figures.Point, bound float64) compare.Decision {
	switch {
	case p.Low >= bound:
		return compare.Yes
	case p.High < bound:
		return compare.No
	}
	return compare.Undecided
}

// atMost says whether a mean is not above a bound.
func atMost(p figures.Point, bound float64) compare.Decision {
	return map[compare.Decision]compare.Decision{
		compare.Yes: compare.No, compare.No: compare.Yes, compare.Undecided: compare.Undecided,
	}[above(p, bound)]
}
