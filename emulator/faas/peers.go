package faas

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/gomodule/redigo/redis"

	"testbed/emulator/units"
)

// peers is an HTTP/1.1 client that keeps its connections for ever and uses the one used last first. Unlike
// the standard library's it needs no goroutines of its own for a connection and no buffers for bodies, and
// a request leaves in one system call, headers and all parts of the body together.
type peers struct {
	dialer net.Dialer
	dials  atomic.Int64
	mu     sync.Mutex
	idle   map[string][]*peer
	kept   int // in idle
	closed bool

	punctuality *punctuality
}

type peer struct {
	net.Conn
	in   reader
	r    *bufio.Reader
	left int64      // bytes that may still be read of a response
	used time.Time  // when it became idle
	resp redis.Conn // to a Redis server; nil: it is to an agent
}

// errLong is what reading a response comes to that goes on for longer than any may.
var errLong = errors.New("the response is longer than expected")

// Read is the connection's, within the bounds of a response.
func (c *peer) Read(data []byte) (int, error) {
	if c.left <= 0 {
		return 0, errLong
	}
	n, err := c.in.Read(data[:min(int64(len(data)), c.left)])
	c.left -= int64(n)
	return n, err
}

// response reads a response's headers, and bounds what follows by their Content-Length.
func (c *peer) response(m *message) (*http.Response, error) {
	c.left = maxHeader
	resp, err := http.ReadResponse(c.r, &http.Request{Method: m.method})
	if err != nil {
		if c.left <= 0 {
			err = fmt.Errorf("its headers have more than %d bytes: %w", maxHeader, errLong)
		}
		return nil, err
	}
	c.left = units.Add(maxHeader, max(resp.ContentLength, 0))
	return resp, nil
}

func newPeers(p *punctuality) *peers {
	return &peers{dialer: net.Dialer{KeepAlive: -1}, idle: map[string][]*peer{}, punctuality: p}
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
	interrupt := func() { _ = conn.SetDeadline(time.Unix(1, 0)) } // fails only on a connection that is closed
	stop := context.AfterFunc(ctx, interrupt)
	reusable, err := conn.exchange(address, m, read)
	conn.in.complete()
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
	head = append(append(append(head, m.method...), ' '), m.path...)
	head = append(append(append(head, " HTTP/1.1\r\nHost: "...), address...), "\r\n"...)
	if m.method != http.MethodGet {
		head = append(strconv.AppendInt(append(head, "Content-Length: "...), m.length(), 10), "\r\n"...)
	}
	head = append(append(head, m.header...), "\r\n"...)
	if _, err := writeAll(c.Conn, append(net.Buffers{head}, m.body...)); err != nil {
		return false, c.refusal(m, err)
	}
	resp, err := c.response(m)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		err := failure(resp)
		return !resp.Close && len(err.text) < maxReason && c.r.Buffered() == 0, err
	}
	if err := read(resp); err != nil {
		return false, err
	}
	var end [1]byte
	n, err := resp.Body.Read(end[:])
	if n != 0 || !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("%s %s: %w", m.method, m.path, errLong)
	}
	return !resp.Close && c.r.Buffered() == 0, nil
}

// afterwards is how long a response is waited for when the request could not be sent to its end.
const afterwards = 2 * time.Second

// refusal is why a request could not be sent: what the other end said before it closed the connection, or
// else the error of the write.
func (c *peer) refusal(m *message, sending error) error {
	if errors.Is(sending, os.ErrDeadlineExceeded) || c.Conn.SetReadDeadline(time.Now().Add(afterwards)) != nil {
		return sending // given up here, not there
	}
	resp, err := c.response(m)
	if err != nil {
		return sending
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 {
		return fmt.Errorf("it answered before it had the whole request: %w", sending)
	}
	return failure(resp)
}

// failure is a response that is not a success.
func failure(resp *http.Response) *statusError {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason)) // what there is of it
	return &statusError{resp.StatusCode, printable(strings.TrimSpace(string(text)))}
}

// printable is text from another process without control characters, which are a terminal's commands.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

func (p *peers) take(ctx context.Context, address string, m *message) (*peer, error) {
	for !m.fresh {
		c := p.idleOne(address)
		if c == nil {
			break
		}
		if time.Since(c.used) < lately || !hungUp(c.Conn) {
			return c, nil
		}
		c.Conn.Close()
	}
	m.cold = true
	p.dials.Add(1)
	conn, err := p.dial(ctx, dialled(address))
	if err != nil {
		return nil, err
	}
	c := &peer{Conn: conn, in: stamp(conn, p.punctuality)}
	c.r = bufio.NewReader(c)
	return c, nil
}

// lately is how long a connection is trusted to be open still. After that the kernel is asked whether the other
// end has closed it, for want of room, say.
const lately = time.Second

func (p *peers) idleOne(address string) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[address]
	if len(idle) == 0 {
		return nil
	}
	p.kept--
	p.idle[address] = idle[:len(idle)-1]
	return idle[len(idle)-1]
}

func (p *peers) give(address string, c *peer) {
	c.used = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.kept >= maxIdle {
		c.Close()
		return
	}
	p.kept++
	p.idle[address] = append(p.idle[address], c)
}

// forget closes the idle connections to address.
func (p *peers) forget(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle[address] {
		c.Close()
	}
	p.kept -= len(p.idle[address])
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
	p.idle, p.kept = map[string][]*peer{}, 0
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
	switch target {
	case errMissing:
		return e.status == http.StatusNotFound
	case errConflict:
		return e.status == http.StatusConflict
	case errTooLarge:
		return e.status == http.StatusRequestEntityTooLarge
	case errFull:
		return e.status == http.StatusServiceUnavailable
	}
	return false
}
