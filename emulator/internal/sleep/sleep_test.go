package sleep

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestUntil(t *testing.T) {
	for name, c := range map[string]struct {
		at, end time.Duration // of the moment and of ctx, from now
		lasted  bool
		slept   time.Duration
	}{
		"the moment comes": {time.Second, time.Minute, true, time.Second},
		"ctx ends first":   {time.Minute, time.Second, false, time.Second},
		"long past":        {-time.Second, time.Minute, true, 0},
		"ctx has ended":    {-time.Second, 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), c.end)
				defer cancel()
				if lasted := Until(ctx, start.Add(c.at)); lasted != c.lasted || time.Since(start) != c.slept {
					t.Errorf("lasted %v after %v", lasted, time.Since(start))
				}
			})
		})
	}
}
