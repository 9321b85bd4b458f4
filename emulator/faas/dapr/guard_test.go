package dapr

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas/keyspace"
	"testbed/emulator/internal/testenv"
)

// Whoever does not know the instance's token learns nothing but that somebody is there.
func TestStrangersAreRefused(t *testing.T) {
	b := newBed(0)
	b.handler = Guard("secret", b.handler)
	for what, want := range map[string]int{
		"GET /v1.0/healthz": 204, "GET /v1.0/healthz/outbound": 204, "POST /v1.0/healthz": 401,
		"GET /v1.0/state/statestore/k": 401, "POST /v1.0/state/statestore": 401, "GET /v1.0/metadata": 401,
		"GET /v1.0/state/healthz/x": 401, "GET /nowhere": 401, "GET /v1.0//healthz": 401, "GET /v1.0/state/../healthz": 401,
	} {
		for _, header := range [][]string{nil, {TokenHeader, ""}, {TokenHeader, "secret "}, {TokenHeader, "SECRET"}} {
			if status, _, text := b.ask(what, `[{"key":"k","value":1}]`, header...); status != want ||
				want == 401 && !strings.Contains(text, "ERR_API_TOKEN") {
				t.Errorf("%s with %q: %d %s, want %d", what, header, status, text, want)
			}
		}
	}
	save, body := "POST /v1.0/state/statestore", `[{"key":"k","value":1}]`
	if status, _, text := b.ask(save, body, TokenHeader, "secret"); status != 204 {
		t.Errorf("with the token: %d %s", status, text)
	}
}

// unfinished announces a body of a length and gives so much of it.
type unfinished struct{ left int }

func (e *unfinished) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, errors.New("nothing more comes")
	}
	n := min(len(p), e.left)
	e.left -= n
	for i := range p[:n] {
		p[i] = ' '
	}
	return n, nil
}

// peak counts the most that was taken at a time.
type peak struct {
	memory
	most int64
}

func (p *peak) Take(n int64) error {
	if err := p.memory.Take(n); err != nil {
		return err
	}
	p.most = max(p.most, p.taken)
	return nil
}

// Memory is taken for what has come of a body, not for what is announced.
func TestAnnouncedBodiesTakeNoMemory(t *testing.T) {
	const limit = 256 << 20
	for _, announced := range []int64{-1, 1 << 20, limit} {
		for _, come := range []int{0, 1, 4 << 10, 100_000} {
			p := &peak{}
			s := NewSession(nil, limit, p)
			r := httptest.NewRequest(http.MethodPost, "/", &unfinished{come})
			r.ContentLength = announced
			text, give, err := s.read(r)
			if err == nil {
				t.Errorf("%d of %d: read as %d bytes", come, announced, len(text))
			}
			if give(); p.taken != 0 {
				t.Errorf("%d of %d: %d bytes are kept", come, announced, p.taken)
			}
			if most := int64(2 * growth * max(come, firstPart)); p.most > most {
				t.Errorf("%d of %d: %d bytes were taken, want %d at most", come, announced, p.most, most)
			}
		}
	}
	for _, n := range []int64{0, 1, firstPart - 1, firstPart, firstPart + 1, 5 * firstPart, 1 << 20} {
		for _, announced := range []int64{n, -1} {
			p := &peak{}
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", int(n))))
			r.ContentLength = announced
			text, give, err := NewSession(nil, 1<<20, p).read(r)
			if give(); err != nil || int64(len(text)) != n || p.taken != 0 {
				t.Errorf("%d announced as %d: %d bytes, %v, %d kept", n, announced, len(text), err, p.taken)
			}
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 3<<20)))
	r.ContentLength = -1
	if _, _, err := NewSession(nil, 1<<20, &peak{}).read(r); !errors.Is(err, errLong) {
		t.Errorf("too long: %v", err)
	}
}

// A body that stands still ends, and its connection with it; one that goes on does not.
func TestBodiesThatStandStillEnd(t *testing.T) {
	read := make(chan error, 2)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	})
	send := func(stall time.Duration, text string) net.Conn {
		server := httptest.NewServer(WithProgress(stall, handler))
		t.Cleanup(server.Close)
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n%s", text)
		return c
	}
	send(time.Millisecond, "12")
	if err := <-read; err == nil {
		t.Error("half a body is read as a whole one")
	}
	c := send(time.Hour, "12")
	_, _ = io.WriteString(c, "34")
	if err := <-read; err != nil {
		t.Errorf("a whole body: %v", err)
	}
}

// TestCloseEndsBodies: what a function still sends when its invocation is over holds none of the node's memory, neither
// where nothing more comes nor where a byte does now and then.
func TestCloseEndsBodies(t *testing.T) {
	for _, drips := range []bool{false, true} {
		var memory shared
		session := NewSession([]Store{{[]string{DefaultStore}, keyspace.New(1 << 20)}}, 1<<20, &memory)
		handler := Handler("f", func(*http.Request) (*Session, error) { return session, nil })
		if drips { // and the connection takes no deadlines
			inner := handler
			handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			})
		} else {
			handler = WithProgress(time.Hour, handler)
		}
		server := httptest.NewServer(handler)
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", state, 1<<20,
			strings.Repeat(" ", 2*firstPart))
		testenv.Eventually(t, "its body is read", func() bool { return memory.taken.Load() > 2*firstPart })
		session.Close()
		session.Free()
		testenv.Eventually(t, "its memory is free", func() bool {
			if drips {
				_, _ = io.WriteString(c, " ")
			}
			return memory.taken.Load() == 0
		})
		answer, _ := io.ReadAll(c)
		if !strings.Contains(string(answer), "409 Conflict") || !strings.Contains(string(answer), "is over") {
			t.Errorf("drips %v: %q", drips, answer)
		}
		_ = c.Close()
		server.Close()
	}
}
