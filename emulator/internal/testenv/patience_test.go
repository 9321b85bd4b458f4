package testenv

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheLastLookBeginsWhenPatienceIsOver: a host that stood still for longer is not held against what is so by then.
func TestTheLastLookBeginsWhenPatienceIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		if !Holds(func() bool { looks++; time.Sleep(2 * Patience); return looks == 2 }) || looks != 2 {
			t.Errorf("given up after %d looks", looks)
		}
		begin := time.Now()
		if Holds(func() bool { return false }) {
			t.Error("it never holds, and is said to")
		}
		if took := time.Since(begin); took < Patience || took > Patience+2*longestPause {
			t.Errorf("given up after %v", took)
		}
		Eventually(t, "a minute is over", func() bool { return time.Since(begin) > Patience+time.Minute })
	})
}

// stopping is a connection on a host that stands still whenever somebody waits, and on which something comes then.
type stopping struct {
	net.PacketConn
	still    time.Duration
	comes    int // after how many waits
	deadline time.Time
	waits    int
}

func (s *stopping) SetReadDeadline(at time.Time) error { s.deadline = at; return nil }

func (s *stopping) ReadFrom(data []byte) (int, net.Addr, error) {
	if s.waits++; s.waits > s.comes {
		return copy(data, "x"), nil, nil
	}
	time.Sleep(time.Until(s.deadline) + s.still)
	return 0, nil, os.ErrDeadlineExceeded
}

// TestReadWithin: a pause takes one part of the time, and not all of it; where nothing comes, all of it is waited for.
func TestReadWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := make([]byte, 10)
		if n, err := ReadWithin(&stopping{still: time.Minute, comes: 3}, data, time.Second); n != 1 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		begin := time.Now()
		_, err := ReadWithin(&stopping{comes: 1000}, data, time.Second)
		if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took != time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// failing is a test of which is kept whether it has failed.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper()               {}
func (f *failing) Failed() bool          { return f.failed }
func (f *failing) Logf(string, ...any)   {}
func (f *failing) Fatalf(string, ...any) { f.failed = true; panic(f) }

// TestRepeat: what succeeds once is enough, what fails each time fails, and a test that has failed is not tried again.
func TestRepeat(t *testing.T) {
	for name, c := range map[string]struct {
		succeeds, tries int  // at which try it does, and of how many there are
		errs            bool // it also fails otherwise
		want            int
		failed          bool
	}{
		"at once": {1, 3, false, 1, false}, "at last": {3, 3, false, 3, false}, "never": {4, 3, false, 3, true},
		"an error beside it": {4, 3, true, 1, true},
	} {
		f, tried := &failing{TB: t}, 0
		func() {
			defer func() { _ = recover() }()
			Repeat(f, c.tries, func() error {
				if tried++; c.errs {
					f.failed = true
				}
				if tried < c.succeeds {
					return errors.New("not yet")
				}
				return nil
			})
		}()
		if tried != c.want || f.failed != c.failed {
			t.Errorf("%s: %d tries, failed: %v", name, tried, f.failed)
		}
	}
}
