package run

import (
	"math"
	"time"
)

// grid collects means over time in buckets whose width doubles as the run gets longer.
type grid struct {
	sums   []float32
	counts []float32
}

func (g *grid) add(bucket int, v float64) {
	for len(g.sums) <= bucket {
		g.sums, g.counts = append(g.sums, 0), append(g.counts, 0)
	}
	g.sums[bucket] += float32(v)
	g.counts[bucket]++
}

// halve joins buckets in pairs.
func (g *grid) halve() {
	n := (len(g.sums) + 1) / 2
	for i := range n {
		sum, count := g.sums[2*i], g.counts[2*i]
		if 2*i+1 < len(g.sums) {
			sum, count = sum+g.sums[2*i+1], count+g.counts[2*i+1]
		}
		g.sums[i], g.counts[i] = sum, count
	}
	g.sums, g.counts = g.sums[:n], g.counts[:n]
}

// series has the mean of each bucket.
func (g *grid) series() Series {
	s := make(Series, len(g.sums))
	for i := range s {
		s[i] = math.NaN()
		if g.counts[i] > 0 {
			s[i] = float64(g.sums[i] / g.counts[i])
		}
	}
	return s
}

// clock turns instants into buckets.
type clock struct {
	start time.Time
	width time.Duration
}

// bucket is that of an instant; halve is called as often as the width has to double for it.
func (c *clock) bucket(t time.Time, halve func()) int {
	if c.width == 0 {
		c.width = 250 * time.Millisecond
	}
	since := max(0, t.Sub(c.start))
	for since/c.width >= buckets {
		c.width *= 2
		halve()
	}
	return int(since / c.width)
}
