package minstd

import (
	"math"
	"testing"
)

// The 10,000th output from the seed 1 is 1043618065: Park and Miller, "Random number generators: good
// ones are hard to find", CACM 31 (1988), and the C++ standard's own check of minstd_rand0.
func TestTenThousandth(t *testing.T) {
	e := New(1)
	var last uint64
	for range 10000 {
		last = e.Next()
	}
	if last != 1043618065 {
		t.Errorf("got %d, want 1043618065", last)
	}
}

func TestSeeds(t *testing.T) {
	one := New(1).Next()
	for _, seed := range []uint64{0, modulus, 2 * modulus, modulus + 1} {
		if got := New(seed).Next(); got != one {
			t.Errorf("seed %d gives %d first, want that of seed 1, %d", seed, got, one)
		}
	}
	if New(2).Next() == one {
		t.Error("seed 2 gives the same as seed 1")
	}
}

func TestRealIsBelowItsEnd(t *testing.T) {
	// The largest two outputs in a row would give 1.
	e := &Engine{}
	sum := 0.0
	e.x = 1
	for range 100000 {
		v := e.Real(3, 5)
		if v < 3 || v >= 5 {
			t.Fatalf("%v is outside [3,5)", v)
		}
		sum += v
	}
	if mean := sum / 100000; math.Abs(mean-4) > 0.01 {
		t.Errorf("mean %v, want 4", mean)
	}
}

func TestRealByHand(t *testing.T) {
	// From seed 1: 16807, then 16807² mod (2^31-1) = 282475249.
	const r = 2147483646.0
	want := (16806 + 282475248*r) / (r * r)
	if got := New(1).Real(0, 1); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIntn(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 100} {
		e, counts := New(5), make([]int, n)
		for range 1000 * n {
			counts[e.Intn(n)]++
		}
		for v, c := range counts {
			if math.Abs(float64(c)-1000) > 160 { // five standard deviations
				t.Errorf("n = %d: %d comes %d times of %d", n, v, c, 1000*n)
			}
		}
	}
	if got := New(1).Intn(0); got != 0 {
		t.Errorf("Intn(0) is %d", got)
	}
	// From seed 1: v = 16806, s = floor(2147483645/10) = 214748364, so 0; then 282475248 gives 1.
	e := New(1)
	if a, b := e.Intn(10), e.Intn(10); a != 0 || b != 1 {
		t.Errorf("got %d and %d, want 0 and 1", a, b)
	}
}
