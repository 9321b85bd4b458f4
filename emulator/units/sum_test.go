package units

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestSumsDoNotOverflow(t *testing.T) {
	capped := func(v *big.Int) int64 {
		if !v.IsInt64() {
			return math.MaxInt64
		}
		return v.Int64()
	}
	values := []int64{0, 1, 2, 1 << 31, 3037000499, 3037000500, 1 << 62, 9e18, math.MaxInt64 - 1, math.MaxInt64}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		values = append(values, random.Int64()>>random.IntN(63))
	}
	for _, a := range values {
		for _, b := range values {
			x, y := big.NewInt(a), big.NewInt(b)
			if got, want := Add(a, b), capped(new(big.Int).Add(x, y)); got != want {
				t.Errorf("%d + %d: %d, want %d", a, b, got, want)
			}
			if got, want := Mul(a, b), capped(new(big.Int).Mul(x, y)); got != want {
				t.Errorf("%d * %d: %d, want %d", a, b, got, want)
			}
		}
	}
}
