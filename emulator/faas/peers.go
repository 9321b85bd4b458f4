package faas

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// peers is an HTTP/1.1 client that keeps its connections for ever and uses the one used last first. Unlike
// the standard library's it needs no goroutines of its own for a connection and no buffers for bodies, and
// a request leaves in one system call, headers and all parts of the body together.
type peers struct {
	dialer net.Dialer
	dials  atomic.Int64
	mu     sync.Mutex
	idle   map[string][]*peer
	closed bool
}

type peer struct {
	net.Conn
	r *bufio.Reader
}

func newPeers() *peers {
	return &peers{dialer: net.Dialer{KeepAlive: -1}, idle: map[string][]*peer{}}
}

// message is a request.
type message struct {
	method string
	path   string
	header []byte   // further lines, each ending in \r\n
	body   [][]byte // its parts
	cold   bool     // result: the request had to open a connection first
	fresh  bool     // open a connection even where there is an idle one
}

func (m *message) length() int64 {
	var n int64
	for _, part := range m.body {
		n += int64(len(part))
	}
	return n
}

// do sends a request and gives the response to read, which must read all of the body or fail. Where the
// status is not 2xx it returns a statusError instead. After an error, or when ctx ends, the connection is
// closed; requests are never repeated, for they are not idempotent.
func (p *peers) do(ctx context.Context, address string, m *message, read func(*http.Response) error) error {
	conn, err := p.take(ctx, address, m)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	reusable, err := conn.exchange(address, m, read)
	if !stop() {
		reusable = false // the deadline is being set at this moment
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
	}
	if reusable {
		p.give(address, conn)
		return err
	}
	conn.Close()
	if !m.cold && ctx.Err() == nil {
		p.forget(address) // the other end was restarted, perhaps: the rest of its connections are no better
	}
	return err
}

func (c *peer) exchange(address string, m *message, read func(*http.Response) error) (reusable bool, err error) {
	head := make([]byte, 0, 640)
	head = fmt.Appendf(head, "%s %s HTTP/1.1\r\nHost: %s\r\n", m.method, m.path, address)
	if m.method != http.MethodGet {
		head = fmt.Appendf(head, "Content-Length: %d\r\n", m.length())
	}
	head = append(append(head, m.header...), "\r\n"...)
	out := net.Buffers(append([][]byte{head}, m.body...))
	if _, err := out.WriteTo(c.Conn); err != nil {
		return false, err
	}
	resp, err := http.ReadResponse(c.r, &http.Request{Method: m.method})
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return err == nil && len(text) < 4096 && !resp.Close, &statusError{resp.StatusCode, strings.TrimSpace(string(text))}
	}
	if err := read(resp); err != nil {
		return false, err
	}
	var end [1]byte
	n, err := resp.Body.Read(end[:])
	if n != 0 || err != io.EOF {
		return false, fmt.Errorf("%s %s: the response is longer than expected", m.method, m.path)
	}
	return !resp.Close, nil
}

func (p *peers) take(ctx context.Context, address string, m *message) (*peer, error) {
	p.mu.Lock()
	if idle := p.idle[address]; len(idle) > 0 && !m.fresh {
		c := idle[len(idle)-1]
		p.idle[address] = idle[:len(idle)-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	m.cold = true
	p.dials.Add(1)
	c, err := p.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &peer{c, bufio.NewReader(c)}, nil
}

func (p *peers) give(address string, c *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
		return
	}
	p.idle[address] = append(p.idle[address], c)
}

// forget closes the idle connections to address.
func (p *peers) forget(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle[address] {
		c.Close()
	}
	delete(p.idle, address)
}

// open is the number of idle connections to address.
func (p *peers) open(address string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle[address])
}

func (p *peers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, idle := range p.idle {
		for _, c := range idle {
			c.Close()
		}
	}
	p.idle = map[string][]*peer{}
}

// statusError is a response that is not a success.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string {
	if e.text == "" {
		return http.StatusText(e.status)
	}
	return e.text
}

// Is makes the errors of remote stores comparable with those of the agent's own.
func (e *statusError) Is(target error) bool {
	return target == errMissing && e.status == http.StatusNotFound || target == errConflict && e.status == http.StatusConflict
}
