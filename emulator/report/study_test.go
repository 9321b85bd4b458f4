package report

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/report/run"
)

// TestBytesOfAllThatWasTried: links count what chains that failed and attempts that were made again have sent, so that
// these count as well: where each sends the same, that is the mean at any time.
func TestBytesOfAllThatWasTried(t *testing.T) {
	const each = 3 * megabyte
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s float64) time.Time { return begin.Add(time.Duration(s * float64(time.Second))) }
	try := func(from, to float64) run.Attempt {
		return run.Attempt{Model: "external", Start: at(from), End: at(to)}
	}
	tried := []run.Attempt{try(0, 2), try(2, 4), try(8, 8), try(4, 6)} // the third has failed, after two seconds as well
	var sent []run.At
	for s := 1.0; s <= 8; s++ {
		done := s / 2
		if s == 7 {
			done = 3.5 // half of the one that fails, of which nobody knows when it began
		}
		sent = append(sent, run.At{Time: at(s), Bytes: done * each})
	}
	points := onWire(sent, tried)
	if len(points) != 7 {
		t.Fatalf("%d points: %+v", len(points), points)
	}
	for _, p := range points {
		if want := each / megabyte; math.Abs(p.Y-want) > 1e-9 && p.X != 3 || p.X > 4 {
			t.Errorf("after %v: %v MB, want %v", p.X, p.Y, want)
		}
	}
	if last := points[len(points)-1]; last.X != 4 || math.Abs(last.Y-3) > 1e-9 {
		t.Errorf("in the end %+v", last)
	}
}
