package statistics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Of values that depend on those before, the interval has the mean about as often as it says, and one that takes them
// for independent does not.
func TestBlockIntervalCovers(t *testing.T) {
	const runs, n = 200, 900
	random := rand.New(rand.NewPCG(3, 4))
	covered, narrow := 0, 0
	for range runs {
		values, at := make([]float64, n), 0.0
		for i := range values {
			at = 0.8*at + random.NormFloat64()
			values[i] = at
		}
		low, high := BlockInterval(n, func(indexes []int) float64 {
			sum := 0.0
			for _, i := range indexes {
				sum += values[i]
			}
			return sum / n
		})
		if low <= 0 && 0 <= high {
			covered++
		}
		mean, deviation := MeanStdDev(values)
		if half := 1.96 * deviation / math.Sqrt(n); math.Abs(mean) <= half {
			narrow++
		}
	}
	if covered < runs*85/100 || narrow > covered-runs/10 {
		t.Errorf("%d of %d intervals have the mean, of independent values %d", covered, runs, narrow)
	}
	if low, _ := BlockInterval(1, nil); !math.IsNaN(low) {
		t.Error("one observation has an interval")
	}
}
