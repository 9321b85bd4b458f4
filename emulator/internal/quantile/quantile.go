// Package quantile takes quantiles of samples. Linear is that of statistics which are reported; Nearest and Above
// give a value that was measured, and differ where the share falls between two: Nearest takes the lower, Above the
// upper one.
package quantile

import (
	"cmp"
	"math"
)

// Linear interpolates linearly between the values of an ascending list (Hyndman and Fan's type 7). p is in [0,1] and
// is clamped to that, NaN to 0. The quantile of an empty list is 0.
func Linear(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := min(max(0, p), 1) * float64(len(sorted)-1)
	if math.IsNaN(at) {
		at = 0
	}
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Nearest is the value at the nearest rank of an ascending list: the least of which at least the share p, in [0,1],
// of all are not above it. The quantile of an empty list is the zero value.
func Nearest[T cmp.Ordered](sorted []T, p float64) T {
	if len(sorted) == 0 {
		var zero T
		return zero
	}
	rank := int(math.Ceil(p * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Above is the value of an ascending list below which the share p, in [0,1], of all lies. The quantile of an empty
// list is the zero value.
func Above[T cmp.Ordered](sorted []T, p float64) T {
	if len(sorted) == 0 {
		var zero T
		return zero
	}
	return sorted[min(len(sorted)-1, max(0, int(p*float64(len(sorted)))))]
}
