package instance

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestDraw: what is drawn has the quantiles that were asked for, and is the same each time.
func TestDraw(t *testing.T) {
	d := Distribution{Median: 200 * time.Millisecond, P95: 800 * time.Millisecond}
	all := make([]time.Duration, 20_000)
	for n := range all {
		all[n] = d.Draw(1, "resize", "server_3", n)
		if all[n] != d.Draw(1, "resize", "server_3", n) {
			t.Fatal("the same start takes another time")
		}
	}
	slices.Sort(all)
	for _, q := range []struct {
		share float64
		want  time.Duration
	}{{0.5, d.Median}, {0.95, d.P95}} {
		have := all[int(q.share*float64(len(all)))]
		if math.Abs(float64(have)/float64(q.want)-1) > 0.05 {
			t.Errorf("quantile %v: %v, want %v", q.share, have, q.want)
		}
	}
	if d.Draw(1, "a", "n", 0) == d.Draw(1, "b", "n", 0) || d.Draw(1, "a", "n", 0) == d.Draw(2, "a", "n", 0) {
		t.Error("functions, or seeds, share their draws")
	}
	if got := (Distribution{Median: time.Second}).Draw(1, "a", "n", 3); got != time.Second {
		t.Errorf("a fixed time: %v", got)
	}
}

func TestDistributionIsValidated(t *testing.T) {
	for _, d := range []Distribution{{}, {Median: 1}, {Median: 1, P95: 2}, {Median: MostStart, P95: MostStart}} {
		if err := d.Validate(); err != nil {
			t.Errorf("%+v: %v", d, err)
		}
	}
	for _, d := range []Distribution{{Median: -1}, {P95: 1}, {Median: 2, P95: 1}, {Median: MostStart + 1}} {
		if err := d.Validate(); err == nil {
			t.Errorf("%+v is accepted", d)
		}
	}
}
