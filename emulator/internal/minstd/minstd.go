// Package minstd is the random number engine of the published simulator: Lehmer's generator with the
// multiplier 16807 and the modulus 2^31-1 ("minimal standard", Park and Miller 1988), and the two
// distributions over it as the simulator's C++ library computes them. It exists to reproduce published
// results number for number; use math/rand/v2 for anything else.
package minstd

import "math"

const (
	multiplier = 16807
	modulus    = 1<<31 - 1
	spread     = modulus - 2 // the largest output less the smallest
)

// Engine is the generator; its outputs are in [1, 2147483646]. Make one with New.
type Engine struct{ x uint64 }

// New seeds an engine. A seed that is a multiple of the modulus, 0 among them, counts as 1.
func New(seed uint64) *Engine {
	x := seed % modulus
	if x == 0 {
		x = 1
	}
	return &Engine{x}
}

// Next is the next output, in [1, 2147483646].
func (e *Engine) Next() uint64 {
	e.x = e.x * multiplier % modulus
	return e.x
}

// Real is a real number in [a,b) from two outputs.
func (e *Engine) Real(a, b float64) float64 {
	const r = float64(spread + 1)
	low := float64(e.Next() - 1)
	high := float64(e.Next() - 1)
	// Conversions keep products rounded where a machine could fuse them into sums.
	u := (low + float64(high*r)) / (r * r)
	if u >= 1 {
		u = math.Nextafter(1, 0) // rounding may reach 1, which the interval excludes
	}
	return float64(u*(b-a)) + a
}

// Intn is an integer in [0,n), by rejection; n must be in [1, 2147483645]. It is 0 for a smaller n.
func (e *Engine) Intn(n int) int {
	if n < 1 {
		return 0
	}
	scale := spread / uint64(n)
	past := uint64(n) * scale
	for {
		if v := e.Next() - 1; v < past {
			return int(v / scale)
		}
	}
}
