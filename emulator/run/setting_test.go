package run

import (
	"testing"
	"time"

	"testbed/emulator/predict"
	"testbed/emulator/replay"
)

// What a predictor is told of the arrivals is what the replay does.
func TestArrivalsOfAProcess(t *testing.T) {
	times := []time.Duration{3 * time.Second, time.Second}
	for name, c := range map[string]struct {
		process replay.Arrival
		users   int
		due     []time.Duration // of jobs 0 and 1; nil: a closed loop
	}{
		"sequential":  {replay.Sequential{}, 0, nil},
		"one user":    {replay.Concurrent{Users: 1}, 0, nil},
		"users":       {replay.Concurrent{Users: 4}, 4, nil},
		"fewer jobs":  {replay.Concurrent{Users: 100}, 10, nil},
		"the trace's": {replay.Trace{Times: times, SpeedUp: 2}, 0, []time.Duration{time.Second, 0}},
		"isolated":    {replay.Isolated{Most: 8}, 0, nil},
	} {
		got := arrivals(c.process, 10)
		if got.Users != c.users || (got.Due == nil) != (c.due == nil) {
			t.Errorf("%s: %+v", name, got)
		}
		for i := range c.due {
			if due := got.Due([]int{0, 1}); due[i] != c.due[i] {
				t.Errorf("%s: chain %d begins after %v, want %v", name, i, due[i], c.due[i])
			}
		}
	}
	var none predict.Arrivals
	if got := arrivals(replay.Poisson{Rate: 5, Seed: 1}, 10); got.Due == nil || got.Users != none.Users {
		t.Errorf("poisson: %+v", got)
	}
}
