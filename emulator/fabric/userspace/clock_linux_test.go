package userspace

import "testing"

// testClock is an engine's.
func testClock(t *testing.T) clock {
	t.Helper()
	c, err := newClock()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
