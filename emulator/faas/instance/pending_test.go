package instance

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestShare: it is the inverse of Quantile, and a step where every start takes the same.
func TestShare(t *testing.T) {
	d := Distribution{Median: 300 * time.Millisecond, P95: time.Second}
	for _, u := range []float64{0.001, 0.05, 0.5, 0.95, 0.999} {
		if got := d.Share(d.Quantile(u)); math.Abs(got-u) > 1e-6 {
			t.Errorf("%v of all starts take %v at most, and of that %v", u, d.Quantile(u), got)
		}
	}
	same := Distribution{Median: time.Second}
	if d.Share(0) != 0 || d.Share(-1) != 0 || same.Share(time.Second-1) != 0 || same.Share(time.Second) != 1 ||
		(Distribution{}).Share(0) != 1 {
		t.Error("a start ends before it can, or never")
	}
}

// TestLast: what several starts take together is what many drawn ones do; a single one takes what it takes, and what
// has gone on for long goes on for the less.
func TestLast(t *testing.T) {
	one, two := Distribution{200 * time.Millisecond, 500 * time.Millisecond}, Distribution{300 * time.Millisecond, 350e6}
	if got := Last(nil); got != (Distribution{}) {
		t.Errorf("none takes %v", got)
	}
	if got := Last([]Pending{{Of: one}}); got.Median != one.Median || (got.P95-one.P95).Abs() > time.Microsecond {
		t.Errorf("one takes %v, want %v", got, one)
	}
	same := Distribution{Median: time.Second}
	if got := Last([]Pending{{same, 400 * time.Millisecond}, {Of: Distribution{}}}); got.Median != 600*time.Millisecond {
		t.Errorf("what ends in 600 ms takes %v", got)
	}
	if got := Last([]Pending{{same, 2 * time.Second}, {one, time.Hour}}); got.Median > time.Microsecond {
		t.Errorf("what is overdue takes %v", got)
	}
	const since = 150 * time.Millisecond
	random := rand.New(rand.NewPCG(1, 2))
	var drawn []time.Duration
	for len(drawn) < 20_000 {
		if a := one.Quantile(random.Float64()); a > since {
			drawn = append(drawn, max(a-since, two.Quantile(random.Float64())))
		}
	}
	slices.Sort(drawn)
	got := Last([]Pending{{one, since}, {Of: two}})
	for _, c := range []struct{ got, want time.Duration }{
		{got.Median, drawn[len(drawn)/2]}, {got.P95, drawn[len(drawn)*95/100]},
	} {
		if ratio := float64(c.got) / float64(c.want); ratio < 0.97 || ratio > 1.03 {
			t.Errorf("two take %v; of %d drawn %v", c.got, len(drawn), c.want)
		}
	}
}
