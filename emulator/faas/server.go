package faas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"testbed/emulator/internal/bounded"
)

// serve answers at a listener until the agent is closed.
func (a *Agent) serve(ctx context.Context, inner net.Listener, handler http.HandlerFunc) {
	l := bounded.Listen(inner, a.limits.connections, a.limits.stall)
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: a.limits.header,
		IdleTimeout:       a.limits.idle,
		MaxHeaderBytes:    maxHeader,
		ConnState:         l.State,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	a.listeners, a.servers = append(a.listeners, l), append(a.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			select {
			case a.failed <- err:
			default:
			}
		}
	}()
}

// body is a request's body while it is read. Bytes may come as slowly as a link is, but they must come: the
// deadline moves along with them.
type body struct {
	from  io.Reader
	conn  interface{ SetReadDeadline(time.Time) error }
	stall time.Duration
	armed time.Time
}

func (a *Agent) body(w http.ResponseWriter, r *http.Request) *body {
	b := &body{from: r.Body, stall: a.limits.stall}
	b.conn, _ = w.(interface{ SetReadDeadline(time.Time) error }) // the server's own has it
	return b
}

// Read reads what has come. It fails with os.ErrDeadlineExceeded when nothing does.
func (b *body) Read(p []byte) (int, error) {
	b.progress()
	return b.from.Read(p)
}

// progress moves the deadline, where that is worth while.
func (b *body) progress() {
	now := time.Now()
	if b.conn != nil && now.Sub(b.armed) > b.stall/8 {
		_ = b.conn.SetReadDeadline(now.Add(b.stall)) // fails on a connection that is closed: Read says so
		b.armed = now
	}
}

// end takes the deadline away, for from now on the server only waits for the peer to go away.
func (b *body) end() {
	if b.conn != nil && !b.armed.IsZero() {
		_ = b.conn.SetReadDeadline(time.Time{})
	}
}

// receive reads a request's body of n bytes behind front bytes that are left alone.
func (a *Agent) receive(w http.ResponseWriter, r *http.Request, front, n int64) (*blob, error) {
	if n == 0 {
		return a.pools.take(r.Context(), front)
	}
	b := a.body(w, r)
	buffer, err := a.pools.receive(r.Context(), r.Body, front, n, b.progress)
	if err != nil {
		return nil, stalled(err, a.limits.stall)
	}
	b.end()
	return buffer, nil
}

// errStalled is HTTP's 408.
var errStalled = errors.New("nothing more has come")

func stalled(err error, after time.Duration) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w for %v: %w", errStalled, after, err)
	}
	return err
}

// respond sends a response of known length.
func respond(w http.ResponseWriter, status int, body []byte) {
	if status != http.StatusNoContent {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller sees a broken connection by itself
}

// fail sends an error's text, in answer to a request that has been read.
func fail(w http.ResponseWriter, status int, err error) {
	text := err.Error()
	respond(w, status, []byte(text[:min(len(text), maxReason)]))
}

// refuse is fail for a request whose body has not been read to its end. The connection is closed
// afterwards, but not before the peer has had time to read the answer: closing it with bytes unread makes
// the kernel reset it, and the peer sees a broken pipe in place of the reason.
func (a *Agent) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	if r.ContentLength == 0 {
		fail(w, status, err)
		return
	}
	w.Header()["Connection"] = []string{"close"}
	fail(w, status, err)
	control := http.NewResponseController(w)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(a.limits.linger)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
}

// statusOfBody is the status for an error in reading a request's body.
func statusOfBody(err error) int {
	if status := statusOf(err); status != http.StatusInternalServerError {
		return status
	}
	return http.StatusBadRequest
}

// statusOf is the HTTP status that stands for an error.
func statusOf(err error) int {
	var moved *movedError
	switch {
	case errors.As(err, &moved):
		return http.StatusMisdirectedRequest
	case errors.Is(err, errMissing):
		return http.StatusNotFound
	case errors.Is(err, errUnannounced):
		return http.StatusForbidden
	case errors.Is(err, errConflict):
		return http.StatusConflict
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errFull):
		return http.StatusServiceUnavailable
	case errors.Is(err, errStalled):
		return http.StatusRequestTimeout
	}
	return http.StatusInternalServerError
}
