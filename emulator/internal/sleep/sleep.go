// Package sleep waits for moments of the wall clock where a millisecond does not matter.
package sleep

import (
	"context"
	"time"
)

// Until waits until a moment, or until ctx ends, and reports whether ctx lasted until then. A moment that has
// passed is not waited for.
func Until(ctx context.Context, at time.Time) bool {
	left := time.Until(at)
	if left <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
