package instance

import "time"

// Pending is a start that is to come, or is under way and has gone on for a time.
type Pending struct {
	Of    Distribution
	Since time.Duration // 0: it begins now
}

// by is the probability that it has ended within a time from now, given that it has not yet.
func (p Pending) by(within time.Duration) float64 {
	before := p.Of.Share(p.Since)
	if before == 1 {
		return 1 // it is due
	}
	return (p.Of.Share(p.Since+within) - before) / (1 - before)
}

// Last is how long it takes from now until the last of several starts, which go on side by side and know nothing of one
// another, has ended: 0 where there are none.
func Last(all []Pending) Distribution {
	if len(all) == 0 {
		return Distribution{}
	}
	return Distribution{Median: within(all, 0.5), P95: within(all, 0.95)}
}

// within is by when all have ended with a probability, 0 < p < 1, to the nanosecond; MostStart at most.
func within(all []Pending, p float64) time.Duration {
	first, last := time.Duration(0), MostStart
	for first < last {
		ended, middle := 1.0, (first+last)/2
		for i := range all {
			ended *= all[i].by(middle)
		}
		if ended >= p {
			last = middle
		} else {
			first = middle + 1
		}
	}
	return first
}
