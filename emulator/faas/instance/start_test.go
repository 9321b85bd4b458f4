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
	seed := For(1, "resize", 3)
	all := make([]time.Duration, 20_000)
	for n := range all {
		all[n] = d.Draw(seed, n)
		if all[n] != d.Draw(seed, n) {
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
	for _, other := range []uint64{For(2, "resize", 3), For(1, "resizer", 3), For(1, "resize", 4)} {
		if d.Draw(seed, 0) == d.Draw(other, 0) || d.Draw(seed, 1) == d.Draw(other, 0) {
			t.Error("functions, nodes or seeds share their draws")
		}
	}
	if got := (Distribution{Median: time.Second}).Draw(seed, 3); got != time.Second {
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

func TestSpecsOutOfRangeAreRefused(t *testing.T) {
	good := Spec{Limits: Limits{Min: 1, Max: 2, Concurrency: 3, KeepAlive: 4 * time.Second, Queue: 5},
		Start: Distribution{Median: time.Second, P95: 2 * time.Second}, Seed: math.MaxUint64}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Spec){
		"none":            func(s *Spec) { s.Max = 0 },
		"min above max":   func(s *Spec) { s.Min = 3 },
		"too many":        func(s *Spec) { s.Max = MostInstances + 1 },
		"no concurrency":  func(s *Spec) { s.Concurrency = 0 },
		"a negative time": func(s *Spec) { s.KeepAlive = -1 },
		"a queue":         func(s *Spec) { s.Queue = -1 },
		"a start":         func(s *Spec) { s.Start.Median = 3 * time.Second },
	} {
		bad := good
		if spoil(&bad); bad.Validate() == nil {
			t.Errorf("%s: %+v is accepted", name, bad)
		}
	}
}
