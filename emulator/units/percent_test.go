package units

import (
	"math"
	"testing"
)

func TestPercent(t *testing.T) {
	kernel := float64(math.Round(0.1*math.MaxUint32)) / math.MaxUint32 // as netem keeps a probability
	for want, share := range map[string]float64{
		"10 %": kernel, "7 %": 0.07, "29 %": 0.29, "57 %": 0.57, "0.1 %": 0.001, "0 %": 0, "100 %": 1,
		"0.0001 %": 1e-6, "0.00001 %": 1e-7,
		"33.3333 %": 1.0 / 3, "-2.5 %": -0.025, "123457 %": 1234.5678, "99.9999 %": 0.999999,
	} {
		if got := Percent(share); got != want {
			t.Errorf("%v is printed as %s, want %s", share, got, want)
		}
	}
}
