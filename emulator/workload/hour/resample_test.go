package hour

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A trace of as many jobs as the hour has takes as long, and depends on the seed alone.
func TestResampling(t *testing.T) {
	drawn, err := Resample(16_749, 3)
	if err != nil {
		t.Fatal(err)
	}
	if last := drawn.Jobs[len(drawn.Jobs)-1].Arrival.Seconds(); math.Abs(last-3600) > 120 {
		t.Errorf("the last of an hour's jobs arrives after %v s", last)
	}
	few, err := Resample(100, 3)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(few.Jobs, drawn.Jobs[:100]); d != "" {
		t.Errorf("a shorter trace is not the longer one's begin:\n%s", d)
	}
	if other, err := Resample(100, 4); err != nil || cmp.Equal(few.Jobs, other.Jobs) {
		t.Error("another seed draws the same", err)
	}
}
