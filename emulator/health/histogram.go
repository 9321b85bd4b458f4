package health

import (
	"math"
	"math/bits"
	"time"
)

// The buckets of a Histogram: one for each microsecond below 32, and 32 for each doubling from there to 67 s, so that
// a bucket is at most a thirty-second as wide as the values in it are large.
const (
	subBits     = 5
	subBuckets  = 1 << subBits
	octaves     = 21
	bucketCount = subBuckets * (1 + octaves)
)

// Histogram counts durations, by the rule of HDR histograms: relative to its size a duration is known to 1.6 %, and
// those below 32 µs to half a microsecond. Recording allocates nothing and takes some nanoseconds. The zero value is
// empty. It may not be recorded to and read at the same time.
type Histogram struct {
	Counts  [bucketCount]uint32 // each stops at the largest number
	Count   uint64
	Sum     time.Duration
	Longest time.Duration
}

// bucketOf is the bucket that a number of microseconds belongs to.
func bucketOf(us uint64) int {
	if us < subBuckets {
		return int(us)
	}
	octave := bits.Len64(us) - subBits - 1
	if octave >= octaves {
		return bucketCount - 1
	}
	return subBuckets + octave*subBuckets + int(us>>octave) - subBuckets
}

// bounds are the least duration that belongs to a bucket and the least that belongs to the next one.
func bounds(bucket int) (from, to time.Duration) {
	if bucket < subBuckets {
		return time.Duration(bucket) * time.Microsecond, time.Duration(bucket+1) * time.Microsecond
	}
	octave := bucket/subBuckets - 1
	us := time.Duration(subBuckets+bucket%subBuckets) << octave
	return us * time.Microsecond, (us + 1<<octave) * time.Microsecond
}

// Record counts a duration in ns. Those below 0 count as 0.
func (h *Histogram) Record(ns int64) {
	ns = max(ns, 0)
	if c := &h.Counts[bucketOf(uint64(ns)/1000)]; *c < math.MaxUint32 {
		*c++
	}
	h.Count++
	h.Sum += time.Duration(ns)
	h.Longest = max(h.Longest, time.Duration(ns))
}

// Quantile is the least duration that the share q (0 to 1) of all does not exceed, as the middle of its bucket, and no
// longer than the longest; 0 where there is none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.Count)))
	if h.Count == 0 {
		return 0
	}
	if rank >= h.Count {
		return h.Longest
	}
	seen := uint64(0)
	for i, n := range h.Counts {
		if seen += uint64(n); seen >= max(rank, 1) {
			from, to := bounds(i)
			return min((from+to)/2, h.Longest)
		}
	}
	return h.Longest
}

// Mean is the mean duration; 0 where there is none.
func (h *Histogram) Mean() time.Duration {
	if h.Count == 0 {
		return 0
	}
	return h.Sum / time.Duration(h.Count)
}

// Add counts what another one has counted as well.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.Counts {
		h.Counts[i] = uint32(min(uint64(h.Counts[i])+uint64(n), math.MaxUint32))
	}
	h.Count, h.Sum, h.Longest = h.Count+o.Count, h.Sum+o.Sum, max(h.Longest, o.Longest)
}

// Since is what was counted after an earlier state of the same histogram. Its longest is known to its bucket only,
// unless it is the longest of all. Where the earlier state has more than this one, which is another's then, it is this
// one.
func (h *Histogram) Since(earlier *Histogram) Histogram {
	d := *h
	if earlier.Count > h.Count {
		return d
	}
	last := -1
	for i, n := range earlier.Counts {
		if n > d.Counts[i] {
			return *h
		}
		if d.Counts[i] -= n; d.Counts[i] > 0 {
			last = i
		}
	}
	d.Count, d.Sum, d.Longest = h.Count-earlier.Count, h.Sum-earlier.Sum, 0
	if last >= 0 && h.Longest > earlier.Longest {
		d.Longest = h.Longest
	} else if last >= 0 {
		_, to := bounds(last)
		d.Longest = min(to, h.Longest)
	}
	return d
}
