// Package bounded bounds what the clients of an HTTP server can hold: the number of their open connections,
// and the time that a response waits for a client that does not read it.
package bounded

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	refusing     = 16          // connections that are told at the same time why they are refused
	refusalTime  = time.Second // for telling one
	refusalBytes = 64 << 10    // of a refused request that are read, so that its sender reads the answer
	refusal      = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" +
		"too many connections are open\n"
	newer = http.StateNew // no request has been read yet
	busy  = http.StateActive
)

// Listener accepts at most a number of connections at a time. One more closes the connection that has
// waited longest for its first request, else the one that has been idle longest; where all are busy, the
// new one gets a response 503 and is closed. State must be the http.Server's ConnState.
type Listener struct {
	net.Listener
	max   int
	stall time.Duration
	slots chan struct{}

	mu   sync.Mutex
	open map[*conn]struct{}
}

// Listen bounds a listener to max connections, at least 1. A write fails with os.ErrDeadlineExceeded when
// nothing of it has left for one to two times stall.
func Listen(l net.Listener, max int, stall time.Duration) *Listener {
	return &Listener{Listener: l, max: max, stall: stall, slots: make(chan struct{}, refusing), open: map[*conn]struct{}{}}
}

// Accept waits for the next connection that is admitted.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: accepted, listener: l}
		c.setState(newer)
		if l.admit(c) {
			return c, nil
		}
		l.refuse(accepted)
	}
}

// State tells the listener what a connection is doing.
func (l *Listener) State(c net.Conn, state http.ConnState) {
	if c, ok := c.(*conn); ok {
		c.setState(state)
	}
}

// Open is the number of connections that are open.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

func (l *Listener) admit(c *conn) bool {
	l.mu.Lock()
	var victim *conn
	if len(l.open) >= l.max {
		if victim = l.dispensable(); victim == nil {
			l.mu.Unlock()
			return false
		}
		delete(l.open, victim)
	}
	l.open[c] = struct{}{}
	l.mu.Unlock()
	if victim != nil {
		_ = victim.Conn.Close() // its server notices
	}
	return true
}

// dispensable is the connection that is missed least; nil: all are busy. The caller holds mu.
func (l *Listener) dispensable() *conn {
	var oldest [2]*conn // without any request; idle
	var since [2]int64
	for c := range l.open {
		state, at := http.ConnState(c.state.Load()), c.since.Load()
		kind := 0
		switch state {
		case busy:
			continue
		case http.StateIdle:
			kind = 1
		}
		if oldest[kind] == nil || at < since[kind] {
			oldest[kind], since[kind] = c, at
		}
	}
	if oldest[0] != nil {
		return oldest[0]
	}
	return oldest[1]
}

// refuse closes a connection, and says why where that costs little.
func (l *Listener) refuse(c net.Conn) {
	select {
	case l.slots <- struct{}{}:
	default:
		_ = c.Close()
		return
	}
	go func() {
		defer func() { <-l.slots }()
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(refusalTime))
		if _, err := io.WriteString(c, refusal); err != nil {
			return
		}
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(c, refusalBytes))
	}()
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// conn is an admitted connection.
type conn struct {
	net.Conn
	listener *Listener
	state    atomic.Int32 // an http.ConnState
	since    atomic.Int64 // when it entered the state, in ns of the wall clock
	armed    time.Time    // when Write set its deadline; one goroutine writes at a time
	fixed    bool         // the server has set a deadline of its own
}

func (c *conn) setState(state http.ConnState) {
	if state != busy {
		c.since.Store(time.Now().UnixNano())
	}
	c.state.Store(int32(state))
}

// Close closes the connection, and admits another one in its place.
func (c *conn) Close() error {
	c.listener.forget(c)
	return c.Conn.Close()
}

// CloseWrite ends what is sent; http.Server does so before it closes a connection whose request it has
// not read to the end.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// SetWriteDeadline replaces the time allowed to a write by a deadline, until it is called with none. The
// server does the latter after every request: that leaves what Write has set as it is.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() && !c.fixed {
		return nil
	}
	c.fixed, c.armed = !t.IsZero(), time.Time{}
	return c.Conn.SetWriteDeadline(t)
}

// Write sends all of data, however long that takes, as long as some of it leaves within the time allowed.
// The deadline is set anew only when it has come near: most writes are over at once.
func (c *conn) Write(data []byte) (int, error) {
	if c.fixed {
		return c.Conn.Write(data)
	}
	sent, idle := 0, false
	for {
		if now := time.Now(); now.Sub(c.armed) > c.listener.stall/4 {
			if err := c.Conn.SetWriteDeadline(now.Add(c.listener.stall)); err != nil {
				return sent, err
			}
			c.armed = now
		}
		n, err := c.Conn.Write(data[sent:])
		sent += n
		if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() || n == 0 && idle {
			return sent, err
		}
		// The kernel reports room late; whether there is none shows only in trying once more.
		idle, c.armed = n == 0, time.Time{}
	}
}
