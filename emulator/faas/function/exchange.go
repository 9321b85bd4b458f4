package function

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
)

// Bounds on what an instance answers before the response itself.
const (
	maxHeader  = 64 << 10 // bytes of all headers
	maxInterim = 8        // responses of 100 to 199, such as 103, Early Hints
)

// exchange sends a request over a connection of its own and returns the response, whose body the caller closes. A
// connection is used once: a request over one that the function has just closed would fail, and whether it had been
// executed would not be known. That needs nothing of net/http's client, which is a quarter of the node program: TLS,
// proxies, a pool of connections. When the request's context ends, so does the exchange, with any error.
func exchange(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	conn, err := (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", req.URL.Host)
	if err != nil {
		return nil, err
	}
	e := &exchanged{conn: conn, written: make(chan struct{})}
	e.forget = context.AfterFunc(ctx, func() { _ = conn.Close() })
	req.Close = true
	go func() {
		defer close(e.written)
		_ = req.Write(conn) // an instance may answer, and close, before it has read all
	}()
	resp, err := e.read(req)
	if err != nil {
		_ = e.Close()
		return nil, err
	}
	e.body, resp.Body = resp.Body, e
	return resp, nil
}

// exchanged is an exchange's connection, as a response's body.
type exchanged struct {
	conn    net.Conn
	body    io.ReadCloser
	written chan struct{} // closed when nobody needs the request any more
	forget  func() bool
}

func (e *exchanged) read(req *http.Request) (*http.Response, error) {
	bounded := &io.LimitedReader{R: e.conn, N: maxHeader}
	reader := bufio.NewReader(bounded)
	for range maxInterim {
		resp, err := http.ReadResponse(reader, req)
		switch {
		case err != nil && bounded.N <= 0:
			return nil, errors.New("its answer has more than 64 kB of headers")
		case err != nil:
			return nil, err
		case resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols:
			bounded.N = math.MaxInt64
			return resp, nil
		}
	}
	return nil, errors.New("its answer does not begin")
}

func (e *exchanged) Read(p []byte) (int, error) { return e.body.Read(p) }

// Close ends the exchange, and returns when the request's body is not read any more.
func (e *exchanged) Close() error {
	e.forget()
	err := e.conn.Close()
	<-e.written
	return err
}
