package faas

import "math"

// loadSeen is what an instance has had to do at one agent since the first invocation there.
type loadSeen struct {
	since   int64   // ns: when the first began; 0: none has
	number  int64   // of invocations that have ended
	squares float64 // sum of their durations' squares, s²
}

// saw counts an invocation that has ended; moments in ns.
func (r *resident) saw(began, ended int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.load.since == 0 {
		r.load.since = began
	}
	took := float64(ended-began) / 1e9
	r.load.number++
	r.load.squares += took * took
}

// rate is invocations/s until now, and drain the mean time that those at work at a random instant take until the last
// has ended, in s: arrivals at random, all of a duration d, the root of the mean square, give d - (1 - exp(-rate d)) /
// rate. The caller holds mu.
func (r *resident) rate(now int64) (rate, drain float64) {
	lasted := float64(now-r.load.since) / 1e9
	if r.load.number < 2 || lasted <= 0 {
		return 0, 0
	}
	rate = float64(r.load.number) / lasted
	d := math.Sqrt(r.load.squares / float64(r.load.number))
	return rate, max(0, d+math.Expm1(-rate*d)/rate)
}
