package measure

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	times := []time.Duration{5, 1, 4, 2, 3}
	for _, c := range []struct {
		p    float64
		want time.Duration
	}{{0, 1}, {0.5, 3}, {0.99, 5}, {1, 5}} {
		if got := Quantile(times, c.p); got != c.want {
			t.Errorf("quantile %v: %v, want %v", c.p, got, c.want)
		}
	}
	if Quantile(nil, 0.5) != 0 || times[0] != 5 {
		t.Error("no times, or times reordered")
	}
}
