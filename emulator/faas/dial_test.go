package faas

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestDialAsksAgain: who is unreachable for a while is asked again after a second; who refuses is not.
func TestDialAsksAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tries, fails := 0, []error{syscall.EHOSTUNREACH}
	p := newPeers(nil)
	p.dialer.Control = func(string, string, syscall.RawConn) error {
		if tries++; tries <= len(fails) {
			return fails[tries-1]
		}
		return nil
	}
	begin := time.Now()
	conn, err := p.dial(t.Context(), l.Addr().String())
	if err != nil || tries != 2 || time.Since(begin) < reopening {
		t.Fatalf("%d tries in %v, %v", tries, time.Since(begin), err)
	}
	conn.Close()
	tries, fails = 0, []error{syscall.ECONNREFUSED}
	if _, err := p.dial(t.Context(), l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// TestDialEndsWithItsContext: whose time is over before the next try says so, and what the last one met.
func TestDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, begin := 0, time.Now()
		p := newPeers(nil)
		p.dialer.Control = func(string, string, syscall.RawConn) error {
			tries++
			return syscall.ENETUNREACH
		}
		ctx, cancel := context.WithTimeout(t.Context(), reopening/2)
		defer cancel()
		_, err := p.dial(ctx, "127.0.0.1:1")
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ENETUNREACH) || tries != 1 ||
			time.Since(begin) != reopening/2 {
			t.Errorf("%d tries in %v, %v", tries, time.Since(begin), err)
		}
	})
}

// TestDialGivesUp: who stays unreachable is asked as often as TCP would, and no longer.
func TestDialGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, begin := 0, time.Now()
		p := newPeers(nil)
		p.dialer.Control = func(string, string, syscall.RawConn) error {
			tries++
			return syscall.EHOSTUNREACH
		}
		_, err := p.dial(t.Context(), "127.0.0.1:1")
		if !errors.Is(err, syscall.EHOSTUNREACH) || tries != 1+reopenings || time.Since(begin) != 63*time.Second {
			t.Errorf("%d tries in %v, %v", tries, time.Since(begin), err)
		}
	})
}
