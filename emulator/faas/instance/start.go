package instance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Distribution is how long starts take: log-normal, given by two of its quantiles, which is what cold starts of
// platforms are described by. The zero value: no time at all.
type Distribution struct {
	Median time.Duration `json:"median"`        // at least 0
	P95    time.Duration `json:"p95,omitempty"` // at least Median; 0: every start takes Median
}

// MostStart is the longest that Distribution may have as median or 95th percentile, and that it draws.
const MostStart = time.Hour

// Validate reports what is out of range.
func (d Distribution) Validate() error {
	if d.Median < 0 || d.Median > MostStart || d.P95 > MostStart {
		return errors.New("a start's median and p95 must be between 0 and 1 h")
	}
	if d.P95 != 0 && d.P95 < d.Median {
		return fmt.Errorf("a start's p95, %v, is below its median, %v", d.P95, d.Median)
	}
	if d.P95 != 0 && d.Median == 0 {
		return errors.New("a start's median is 0 and its p95 is not: give a median above 0")
	}
	return nil
}

// z95 is the 95th percentile of the standard normal distribution.
const z95 = 1.6448536269514722

// Quantile is how long the share u of all starts, 0 < u < 1, take at most.
func (d Distribution) Quantile(u float64) time.Duration {
	if d.P95 <= d.Median {
		return d.Median
	}
	sigma := math.Log(float64(d.P95)/float64(d.Median)) / z95
	z := math.Sqrt2 * math.Erfinv(2*u-1)
	return time.Duration(min(math.Round(float64(d.Median)*math.Exp(sigma*z)), float64(MostStart)))
}

// Share is which share of all starts, from 0 to 1, takes d at most: the inverse of Quantile.
func (d Distribution) Share(within time.Duration) float64 {
	if d.P95 <= d.Median {
		if within >= d.Median {
			return 1
		}
		return 0
	}
	if within <= 0 {
		return 0
	}
	sigma := math.Log(float64(d.P95)/float64(d.Median)) / z95
	return (1 + math.Erf(math.Log(float64(within)/float64(d.Median))/sigma/math.Sqrt2)) / 2
}

// Draw is how long the n-th start takes, of those of a seed. It is the same wherever it is asked for.
func (d Distribution) Draw(seed uint64, n int) time.Duration {
	return d.Quantile((float64(mix(seed+uint64(n)*0x9e3779b97f4a7c15)>>11) + 0.5) / (1 << 53))
}

// mix is the finaliser of SplitMix64, which makes independent numbers of those that follow one another.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Drawn is the Starter of the built-in functions, whose instances are nothing but the time that their start takes.
type Drawn struct {
	// Warm is how many take none: those that were there before.
	Warm int
	// Took is how long the n-th start takes, from 0, those of Warm not counted.
	Took func(n int) time.Duration
	// Sleep waits for a time, and returns false where stop was closed before; nil: by the runtime's timers.
	Sleep func(d time.Duration, stop <-chan struct{}) bool
}

// Start sleeps.
func (d Drawn) Start(ctx context.Context) (Instance, error) {
	sleep := d.Sleep
	if sleep == nil {
		sleep = sleepByTimer
	}
	if n := Number(ctx) - d.Warm; n >= 0 && !sleep(d.Took(n), ctx.Done()) {
		return nil, context.Cause(ctx)
	}
	return nothing{}, nil
}

func sleepByTimer(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}

// nothing is the instance of a built-in function.
type nothing struct{}

func (nothing) Stop()                 {}
func (nothing) Gone() <-chan struct{} { return nil }
