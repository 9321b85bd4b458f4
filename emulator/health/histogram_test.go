package health

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Buckets follow one another without a gap, hold what bucketOf puts there, and are narrow.
func TestBucketsCoverAllDurations(t *testing.T) {
	_, last := bounds(bucketCount - 1)
	if last < time.Minute {
		t.Errorf("they end at %v", last)
	}
	end := time.Duration(0)
	for i := range bucketCount {
		from, to := bounds(i)
		if from != end || to <= from {
			t.Fatalf("bucket %d: %v to %v after %v", i, from, to, end)
		}
		end = to
		for _, d := range []time.Duration{from, (from + to) / 2, to - 1} {
			if got := bucketOf(uint64(d) / 1000); got != i {
				t.Errorf("%v is in bucket %d, not %d", d, got, i)
			}
		}
		if width := to - from; width > time.Microsecond && float64(width) > float64(from)/32 {
			t.Errorf("bucket %d: %v wide at %v", i, width, from)
		}
	}
	if got := bucketOf(math.MaxUint64 / 1000); got != bucketCount-1 {
		t.Errorf("the longest duration is in bucket %d", got)
	}
}

// Quantiles are those of the sorted durations to within a bucket's half width.
func TestQuantilesAgreeWithSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 20_000 {
		d := time.Duration(math.Exp(rng.Float64()*18)) * 10 // 10 ns to 0.6 s, of all magnitudes
		all = append(all, d)
		h.Record(int64(d))
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(int(math.Ceil(q*float64(len(all)))), 1)-1]
		got := h.Quantile(q)
		if off := (got - want).Abs(); off > max(time.Microsecond/2, want/60) {
			t.Errorf("quantile %g: %v, want %v", q, got, want)
		}
	}
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	if h.Mean() != sum/time.Duration(len(all)) || h.Longest != all[len(all)-1] {
		t.Errorf("mean %v, longest %v", h.Mean(), h.Longest)
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 {
		t.Error("an empty one has a median")
	}
	h.Record(-5)
	h.Record(math.MaxInt64)
	if h.Quantile(0) != time.Microsecond/2 || h.Quantile(1) != math.MaxInt64 || h.Count != 2 {
		t.Errorf("%v, %v", h.Quantile(0), h.Quantile(1))
	}
	h.Counts[0] = math.MaxUint32
	h.Record(0)
	if h.Counts[0] != math.MaxUint32 {
		t.Error("a bucket runs over")
	}
	if n := testing.AllocsPerRun(100, func() { h.Record(1234) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// What two histograms count one after the other is what one counts of both.
func TestSinceAndAddAreInverse(t *testing.T) {
	var before, after, second Histogram
	for i := range int64(1000) {
		before.Record(i * 1000)
	}
	after = before
	for i := range int64(500) {
		after.Record(i * 3000)
		second.Record(i * 3000)
	}
	d := after.Since(&before)
	if d.Counts != second.Counts || d.Count != 500 || d.Sum != second.Sum || d.Longest != second.Longest {
		t.Errorf("count %d, sum %v, longest %v, want %v", d.Count, d.Sum, d.Longest, second.Longest)
	}
	sum := before
	sum.Add(&second)
	if sum != after {
		t.Error("the sum is not the whole")
	}
	if d := second.Since(&after); d != second {
		t.Error("an earlier state that has more is not another's")
	}
	last := after
	last.Record(10_000) // shorter than the longest
	if d := last.Since(&after); d.Longest < 10*time.Microsecond || d.Longest > 11*time.Microsecond {
		t.Errorf("longest %v, want 10 µs to its bucket", d.Longest)
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	for i := int64(0); b.Loop(); i += 777 {
		h.Record(i & 0xfffff)
	}
}
