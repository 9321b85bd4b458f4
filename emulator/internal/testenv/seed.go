package testenv

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed is what a test's random numbers begin with: the environment's SEED, or each time another one. A test that fails
// tells it.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SEED is %q, which is no number", text)
		}
	}
	t.Logf("SEED=%d", seed)
	return seed
}
