package testenv

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// Patience is how long tests wait for what on a host with nothing else to do comes at once. It bounds no measurement:
// only a fault exceeds it, not a host that is slow, or stands still for a while.
const Patience = 2 * time.Minute

// The pause between two looks grows: the first waits are short ones, and long ones do not take the processor from what
// they wait for.
const firstPause, longestPause = time.Millisecond, 50 * time.Millisecond

// Eventually waits until something holds, and ends the test with what that is where it does not in Patience.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !Holds(holds) {
		t.Fatalf("not in %v: %s", Patience, what)
	}
}

// Holds is Eventually for other goroutines than the test's, and for tests that say more: it reports whether something
// came to hold. The last look is one that begins when Patience is over, however long the host stood still before it.
func Holds(holds func() bool) bool {
	end := time.Now().Add(Patience)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		last := time.Now().After(end)
		if holds() {
			return true
		}
		if last {
			return false
		}
		time.Sleep(pause)
	}
}

// Receive waits for a value of a channel, or its end, and ends the test with what is missing where none comes in
// Patience.
func Receive[T any](t testing.TB, what string, from <-chan T) (value T) {
	t.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case value = <-from:
		return value
	case <-timer.C:
	}
	// Where the host stood still for all of it, both are there.
	select {
	case value = <-from:
	case <-time.After(time.Second):
		t.Fatalf("not in %v: %s", Patience, what)
	}
	return value
}

// Repeat measures again what a host that is busy, or stood still, spoiled: so many times at most. What fails each time
// fails the test, with the last error.
func Repeat(t testing.TB, tries int, measure func() error) {
	t.Helper()
	for try := 1; ; try++ {
		err := measure()
		if err == nil || t.Failed() {
			return
		}
		if try == tries {
			t.Fatalf("in each of %d tries: %v", tries, err)
		}
		t.Logf("try %d: %v", try, err)
	}
}

// quietParts is in how many parts a time of quiet is waited for.
const quietParts = 10

// ReadWithin reads a datagram, or returns os.ErrDeadlineExceeded where none comes for so long. The time is taken in
// parts, each of which begins when the one before it was noticed to be over: a host that stands still takes one of
// them, and what is under way in the network has the others.
func ReadWithin(conn net.PacketConn, data []byte, quiet time.Duration) (n int, err error) {
	for range quietParts {
		if err := conn.SetReadDeadline(time.Now().Add(quiet / quietParts)); err != nil {
			return 0, err
		}
		if n, _, err = conn.ReadFrom(data); !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	return 0, err
}
