package faas

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/testenv"
)

// connected are the two ends of a TCP connection on loopback.
func connected(t *testing.T) (one, other net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if one, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if other, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { one.Close(); other.Close() })
	return one, other
}

// TestReadsTellHowLateTheyAre: what has waited in the socket was late, what is read as it comes was not.
func TestReadsTellHowLateTheyAre(t *testing.T) {
	testenv.Repeat(t, 5, func() error { return lateReads(t) })
}

// lateReads reads once what is late, and what is not where the host lets it be read at once.
func lateReads(t *testing.T) error {
	t.Helper()
	const wait = 60 * time.Millisecond
	sender, receiver := connected(t)
	p := newPunctuality(newClock())
	r := stamp(receiver, p)
	if _, plain := r.(plainReader); plain {
		t.Fatal("there are no time stamps")
	}
	b := make([]byte, 100)
	read := func(want string) {
		t.Helper()
		if n, err := r.Read(b); err != nil || string(b[:n]) != want {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
	// The first packets after the kernel was asked for time stamps may have none.
	testenv.Eventually(t, "packets are stamped", func() bool {
		sender.Write([]byte("x"))
		time.Sleep(time.Millisecond)
		read("x")
		return r.(*stampedReader).stamp > 0
	})
	before := p.report(0, 0).Next
	sender.Write([]byte("a part that is late, "))
	time.Sleep(wait)
	read("a part that is late, ")
	sender.Write([]byte("and an end that is not"))
	read("and an end that is not")
	r.complete()
	for _, s := range p.report(before, 0).Spells {
		if s.To-s.From >= int64(wait) {
			return fmt.Errorf("a part that is not the last counts: %v", s)
		}
	}
	before = p.report(0, 0).Next
	sender.Write([]byte("late"))
	time.Sleep(wait)
	read("late")
	r.complete()
	r.complete() // once is enough
	told := p.report(before, 0)
	if len(told.Spells) != 1 {
		return fmt.Errorf("%+v", told)
	}
	if took := time.Duration(told.Spells[0].To - told.Spells[0].From); took < wait-time.Millisecond || took > 100*wait {
		return fmt.Errorf("late by %v, waited %v", took, wait)
	}
	return nil
}

// TestReadsEndAsThoseOfAConnectionDo.
func TestReadsEndAsThoseOfAConnectionDo(t *testing.T) {
	sender, receiver := connected(t)
	r := stamp(receiver, newPunctuality(newClock()))
	b := make([]byte, 10)
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("of nothing: %d, %v", n, err)
	}
	_ = receiver.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := r.Read(b); !os.IsTimeout(err) {
		t.Errorf("after the deadline: %v", err)
	}
	_ = receiver.SetReadDeadline(time.Time{})
	sender.Write([]byte("abc"))
	sender.(*net.TCPConn).CloseWrite()
	if text, err := io.ReadAll(r); string(text) != "abc" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	other, reset := connected(t)
	r = stamp(reset, newPunctuality(newClock()))
	_ = other.(*net.TCPConn).SetLinger(0)
	other.Close()
	if _, err := r.Read(b); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("reset by the peer: %v", err)
	}
	receiver.Close()
	if _, err := stamp(receiver, newPunctuality(newClock())).Read(b); err == nil {
		t.Error("closed, and it reads")
	}
}

func TestReadsAllocateNothing(t *testing.T) {
	sender, receiver := connected(t)
	r := stamp(receiver, newPunctuality(newClock()))
	b, text := make([]byte, 100), []byte("x")
	if n := testing.AllocsPerRun(100, func() { sender.Write(text); r.Read(b) }); n > 0 {
		t.Errorf("%v allocations a read", n)
	}
}
