package units

import "math"

// Add is a+b for amounts that are not negative, and math.MaxInt64 where that is too small for the sum: what
// is compared with a limit afterwards must not have become negative.
func Add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Mul is a*b for amounts that are not negative, and math.MaxInt64 where that is too small for the product.
func Mul(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}
