package influxtest

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// Faulty is a server in front of another that answers as it is told.
type Faulty struct {
	URL      string
	Requests atomic.Int64 // of writes

	status atomic.Int64
	hang   atomic.Bool
	front  *httptest.Server
	ended  chan struct{}
}

// NewFaulty starts a server in front of the one at target.
func NewFaulty(t testing.TB, target string) *Faulty {
	t.Helper()
	back, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	f := &Faulty{ended: make(chan struct{})}
	pass := httputil.NewSingleHostReverseProxy(back)
	pass.ErrorLog = log.New(io.Discard, "", 0)
	f.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/write" {
			f.Requests.Add(1)
		}
		if f.hang.Load() {
			_, _ = io.Copy(io.Discard, r.Body) // or the server would not notice that the client has gone
			select {
			case <-r.Context().Done():
			case <-f.ended:
			}
			return
		}
		if status := int(f.status.Load()); status != 0 {
			if status == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", "1")
			}
			w.Header().Set("X-Influxdb-Error", "told to fail")
			w.WriteHeader(status)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	f.URL = f.front.URL
	t.Cleanup(f.front.Close)
	t.Cleanup(func() { close(f.ended) })
	return f
}

// Answer makes every answer one with this status; 0: that of the server behind.
func (f *Faulty) Answer(status int) { f.status.Store(int64(status)) }

// Hang makes the server give no answer at all, or answer again.
func (f *Faulty) Hang(on bool) {
	f.hang.Store(on)
	if !on {
		f.front.CloseClientConnections()
	}
}

// Refuser gives the URL of a port where nobody listens, nor can until the test ends: a connection has it.
func Refuser(t testing.TB) string {
	t.Helper()
	loopback := net.IPv4(127, 0, 0, 1)
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	// Bound before it connects: no other connection is then given the port, to itself for one.
	conn, err := net.DialTCP("tcp", &net.TCPAddr{IP: loopback}, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return "http://" + conn.LocalAddr().String()
}
