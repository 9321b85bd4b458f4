package compare

import "testing"

func TestRelationsAreDecidedByTheirIntervals(t *testing.T) {
	for _, c := range []struct {
		relation        string
		mean, low, high float64
		want            Decision
		toDecide        int
	}{
		{">", 5, 1, 9, Yes, 0},
		{">", 5, 0, 10, Undecided, 0}, // on the edge: with the chains there are, and any more
		{">", 15.6, -7.4, 38.7, Undecided, 218},
		{">", -5, -9, -1, No, 0},
		{">", -5, -10, 0, No, 0},
		{">", -5, -15, 5, Undecided, 400},
		{">", 0, -1, 1, Undecided, 0}, // no number would do
		{">=", 5, 1, 9, Yes, 0},
		{">=", 0, 0, 0, Yes, 0},
		{">=", 5, -5, 15, Undecided, 400},
		{">=", -5, -10, 0, Undecided, 0},
		{">=", -5, -9, -1, No, 0},
	} {
		r := Relation{Relation: c.relation, Chains: 100, Difference: Interval{Mean: c.mean, Low: c.low, High: c.high}}
		r.decide()
		if r.Verdict != c.want || r.ToDecide != c.toDecide || r.Holds != (c.want == Yes) {
			t.Errorf("%s %g [%g, %g]: %s, %d chains; want %s, %d", c.relation, c.mean, c.low, c.high, r.Verdict, r.ToDecide,
				c.want, c.toDecide)
		}
	}
}

func TestOrdersAreAsGoodAsTheirWorstRelation(t *testing.T) {
	for _, c := range []struct {
		of   []Decision
		want Decision
	}{
		{nil, ""}, {[]Decision{Yes, Yes}, Yes}, {[]Decision{Yes, Undecided}, Undecided},
		{[]Decision{Undecided, Yes}, Undecided},
		{[]Decision{No, Undecided}, No}, {[]Decision{Undecided, No, Yes}, No}, {[]Decision{Yes, No}, No},
	} {
		var o Order
		for _, v := range c.of {
			o.Relations = append(o.Relations, Relation{Verdict: v})
		}
		o.decide()
		if o.Verdict != c.want || o.Holds != (c.want == Yes) {
			t.Errorf("%v: %s", c.of, o.Verdict)
		}
	}
}
