package quantile

import (
	"math"
	"testing"
	"time"
)

func TestLinear(t *testing.T) {
	for _, c := range []struct {
		sorted []float64
		p      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]float64{7}, 0.95, 7},
		{[]float64{1, 2}, 0.5, 1.5},
		{[]float64{1, 2, 4}, 0.75, 3},
		{[]float64{1, 2, 4}, 1, 4},
		{[]float64{1, 2, 4}, 1.5, 4},
		{[]float64{1, 2, 4}, -1, 1},
		{[]float64{1, 2, 4}, math.NaN(), 1},
	} {
		if got := Linear(c.sorted, c.p); got != c.want {
			t.Errorf("Linear(%v, %v) = %v, not %v", c.sorted, c.p, got, c.want)
		}
	}
}

func TestNearestAndAbove(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		sorted         []time.Duration
		p              float64
		nearest, above time.Duration
	}{
		{nil, 0.5, 0, 0},
		{hundred[:1], 0.99, 1, 1},
		{hundred[:2], 0.5, 1, 2},
		{hundred[:3], 0.5, 2, 2},
		{hundred[:20], 0.95, 19, 20},
		{hundred, 0, 1, 1},
		{hundred, 0.99, 99, 100},
		{hundred, 0.991, 100, 100},
		{hundred, 1, 100, 100},
	} {
		if got := Nearest(c.sorted, c.p); got != c.nearest {
			t.Errorf("Nearest of %d at %v = %v, not %v", len(c.sorted), c.p, got, c.nearest)
		}
		if got := Above(c.sorted, c.p); got != c.above {
			t.Errorf("Above of %d at %v = %v, not %v", len(c.sorted), c.p, got, c.above)
		}
	}
}
