package linktrace

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// MaxQuantiles is how many a distribution may have.
const MaxQuantiles = 2_000_000

// Quantile is a point of a distribution: with the probability P a delay is at most Delay, in ns. Between two points the
// distribution goes in a straight line; two of one delay are a step.
type Quantile struct {
	P     float64
	Delay int64
}

// Spread is an empirical distribution of delays.
type Spread struct {
	Quantiles []Quantile // rising, from P 0 to 1
	// Correlation, in [0,1), is that of the delays of two packets which follow one another; Coherence is the time, ns, in
	// which that of two packets falls to 1/e. At most one of them is given. They are those of the normal deviates that
	// delays are made of, whose distribution they do not change.
	Correlation float64
	Coherence   int64
}

func (s *Spread) check() error {
	last := len(s.Quantiles) - 1
	switch {
	case last < 1:
		return errors.New("a distribution needs two quantiles")
	case last >= MaxQuantiles:
		return fmt.Errorf("it has %d quantiles, and at most %d are read", last+1, MaxQuantiles)
	case s.Quantiles[0].P != 0 || s.Quantiles[last].P != 1:
		return errors.New("its quantiles do not go from 0 to 1")
	case !(s.Correlation >= 0 && s.Correlation < 1):
		return fmt.Errorf("a correlation of %v is not in [0,1)", s.Correlation)
	case s.Coherence < 0 || s.Coherence > int64(MaxPeriod) || s.Coherence > 0 && s.Correlation > 0:
		return errors.New("there is a correlation or a coherence between 0 and a day")
	}
	for i, q := range s.Quantiles {
		if q.Delay < 0 || q.Delay > maxDelay {
			return fmt.Errorf("a delay of %v is not between 0 and %v", time.Duration(q.Delay), time.Duration(maxDelay))
		}
		if i > 0 && !(q.P >= s.Quantiles[i-1].P && q.Delay >= s.Quantiles[i-1].Delay) {
			return fmt.Errorf("quantile %d is below the one before", i+1)
		}
	}
	return nil
}

// Least is the shortest delay, in ns, and mean the mean.
func (s *Spread) Least() int64 { return s.Quantiles[0].Delay }

func (s *Spread) mean() int64 {
	sum := 0.0
	for i, q := range s.Quantiles[1:] {
		before := s.Quantiles[i]
		sum += (q.P - before.P) * (float64(q.Delay) + float64(before.Delay)) / 2
	}
	return int64(math.Round(sum))
}

// Quantile is the delay, in ns, that is not exceeded with the probability p in [0,1].
func (s *Spread) Quantile(p float64) int64 {
	last := len(s.Quantiles) - 1
	i := min(sort.Search(last, func(i int) bool { return s.Quantiles[i+1].P >= p }), last-1)
	a, b := s.Quantiles[i], s.Quantiles[i+1]
	if b.P <= a.P {
		return b.Delay
	}
	share := min(max((p-a.P)/(b.P-a.P), 0), 1)
	return a.Delay + int64(math.Round(share*float64(b.Delay-a.Delay)))
}

// Sampler draws delays of one queue, one after the other. It allocates nothing.
type Sampler struct {
	spread *Spread
	normal float64 // the deviate that the last delay was made of
	at     int64   // ns: when
	begun  bool
}

// NewSampler is one that has drawn nothing.
func NewSampler(s *Spread) Sampler { return Sampler{spread: s} }

// Next is the delay, in ns, of a packet at an instant (ns), which is no earlier than that of the one before.
func (s *Sampler) Next(random *rand.Rand, at int64) int64 {
	keep := s.spread.Correlation
	if s.spread.Coherence > 0 {
		keep = math.Exp(-float64(max(at-s.at, 0)) / float64(s.spread.Coherence))
	}
	if keep == 0 {
		return s.spread.Quantile(random.Float64())
	}
	draw := random.NormFloat64()
	if s.begun {
		draw = keep*s.normal + math.Sqrt(1-keep*keep)*draw
	}
	s.normal, s.at, s.begun = draw, at, true
	return s.spread.Quantile(math.Erfc(-draw/math.Sqrt2) / 2)
}
