package linktrace

import (
	"testing"
	"time"
)

// TestLeast: what a trace gives counts by its least, and the link's own else.
func TestLeast(t *testing.T) {
	const delay, jitter = 10 * time.Millisecond, 4 * time.Millisecond
	ms := func(n int64) int64 { return n * int64(time.Millisecond) }
	knots := []Knot{{Rate: 1e6, Delay: ms(9), Jitter: ms(1)}, {At: ms(5), Rate: 1e6, Delay: ms(5)},
		{At: ms(20), Rate: 1e6, Delay: ms(8), Jitter: ms(6)}}
	for _, c := range []struct {
		trace Trace
		want  time.Duration
	}{
		{Trace{Knots: knots, Columns: Rate}, 6 * time.Millisecond},
		{Trace{Knots: knots, Columns: Delay}, time.Millisecond},
		{Trace{Knots: knots, Columns: Jitter}, 4 * time.Millisecond},
		{Trace{Knots: knots, Columns: Rate | Delay | Jitter}, 2 * time.Millisecond},
		{Trace{Opportunities: []uint32{1, 2}}, 6 * time.Millisecond},
		{Trace{Spread: &Spread{Quantiles: []Quantile{{0, ms(3)}, {1, ms(30)}}}}, 3 * time.Millisecond},
	} {
		if err := c.trace.Check(); err != nil {
			t.Fatal(err)
		}
		if got := c.trace.Least(delay, jitter); got != c.want {
			t.Errorf("columns %b: %v instead of %v", c.trace.Columns, got, c.want)
		}
	}
	if got := (&Trace{Columns: Rate}).Least(time.Millisecond, time.Second); got != 0 {
		t.Errorf("%v, and nothing is before it departs", got)
	}
}
