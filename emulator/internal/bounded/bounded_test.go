package bounded

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// serve answers every request with a body, on at most max connections.
func serve(t *testing.T, max int, stall time.Duration, handler http.HandlerFunc) *Listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(inner, max, stall)
	s := &http.Server{Handler: handler, ConnState: l.State}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l
}

func dial(t *testing.T, l *Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(testenv.Patience))
	return c
}

// ask sends a request and reads the response; the connection stays open.
func ask(c net.Conn) (int, error) {
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func TestIdleConnectionsMakeRoom(t *testing.T) {
	l := serve(t, 10, time.Minute, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	used := dial(t, l)
	if status, err := ask(used); status != 200 {
		t.Fatal(status, err)
	}
	for range 200 {
		dial(t, l) // says nothing
	}
	if status, err := ask(dial(t, l)); status != 200 {
		t.Errorf("beside 200 silent connections: %d, %v", status, err)
	}
	if status, err := ask(used); status != 200 {
		t.Errorf("a connection that was used before gave way to silent ones: %d, %v", status, err)
	}
	if n := l.Open(); n > 10 {
		t.Errorf("%d connections are open of 10", n)
	}
	var last []net.Conn
	for range 40 { // these are used and then idle: the oldest gives way
		c := dial(t, l)
		if status, err := ask(c); status != 200 {
			t.Fatalf("%d, %v", status, err)
		}
		last = append(last, c)
	}
	if status, err := ask(last[len(last)-5]); status != 200 {
		t.Errorf("one that was used lately: %d, %v", status, err)
	}
	if _, err := last[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest idle one is not closed: %v", err)
	}
}

func TestWhereAllAreBusyTheNewOneIsTold(t *testing.T) {
	release := make(chan struct{})
	l := serve(t, 3, time.Minute, func(w http.ResponseWriter, _ *http.Request) { <-release })
	defer close(release)
	for range 3 {
		if _, err := io.WriteString(dial(t, l), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	allBusy := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.open) == 3 && l.dispensable() == nil
	}
	testenv.Eventually(t, "three requests are being served", allBusy)
	c := dial(t, l)
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c)
	if !strings.HasPrefix(string(text), "HTTP/1.1 503 ") || !strings.Contains(string(text), "too many connections") {
		t.Errorf("%q, %v", text, err)
	}
}

// slow is a peer that takes a few bytes at a time, and only when it is tried the second time.
type slow struct {
	net.Conn
	tries, taken int
}

func (s *slow) SetWriteDeadline(time.Time) error { return nil }

func (s *slow) Write(p []byte) (int, error) {
	if s.tries++; s.tries%2 == 1 || s.taken >= 50 {
		return 0, os.ErrDeadlineExceeded
	}
	n := min(len(p), 10)
	s.taken += n
	if n < len(p) {
		return n, os.ErrDeadlineExceeded
	}
	return n, nil
}

func TestSlowReadersAreWaitedForAndSilentOnesNot(t *testing.T) {
	c := &conn{Conn: &slow{}, listener: &Listener{stall: time.Second}}
	if n, err := c.Write(make([]byte, 45)); n != 45 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := c.Write(make([]byte, 45)); n >= 45 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a reader that takes no more: %d bytes, %v", n, err)
	}
}

func TestResponseThatNobodyReadsEnds(t *testing.T) {
	ended := make(chan error, 1)
	l := serve(t, 3, 50*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<20))
		ended <- err
	})
	if _, err := io.WriteString(dial(t, l), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := testenv.Receive(t, "it is written no longer", ended); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	testenv.Eventually(t, "the connection goes", func() bool { return l.Open() == 0 })
}
