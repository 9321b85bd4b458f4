package dapr

import (
	"io"
	"net/http"
	"time"
)

// WithProgress has a request's body read only as long as it goes on coming: after a time without a byte of it, reading
// fails.
func WithProgress(stall time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			r.Body = &progressing{r.Body, http.NewResponseController(w), stall}
		}
		next.ServeHTTP(w, r)
	})
}

// progressing is a body whose deadline moves along with it.
type progressing struct {
	io.ReadCloser
	conn  *http.ResponseController
	stall time.Duration
}

// Read implements io.Reader.
func (p *progressing) Read(b []byte) (int, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(p.stall)); err != nil {
		return 0, err
	}
	n, err := p.ReadCloser.Read(b)
	if err == io.EOF { // from now on the server only waits for the client to go away
		_ = p.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}
