package faas

import (
	"context"
	"net"
	"net/http"
	"time"
)

// line is a connection to another agent that is one user's: what goes over it finds the windows that the messages
// before have opened. It is opened by the first.
type line struct {
	*Agent
	address string
	conn    *peer
}

// do sends a request, and reads an answer without a body. After an error the line is closed.
func (l *line) do(ctx context.Context, m *message) error {
	if l.conn == nil {
		conn, err := l.peers.take(ctx, l.address, m)
		if err != nil {
			return err
		}
		conn.Conn = steady{conn.Conn, l.limits.stall}
		l.conn = conn
	}
	conn := l.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	reusable, err := conn.exchange(l.address, m, func(*http.Response) error { return nil })
	if !stop() && err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	conn.in.complete()
	if err != nil || !reusable {
		l.close()
	}
	return err
}

func (l *line) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// steady is a connection on which nothing may stand still for longer than a time: writes go in parts, and what is
// written has to be answered.
type steady struct {
	net.Conn
	stall time.Duration
}

// steadyPart is what has to leave within the time: 64 kB in a minute is slower than any link that is of use.
const steadyPart = 64 << 10

// Write implements net.Conn.
func (c steady) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		part := b[:min(len(b), steadyPart)]
		if err = c.SetDeadline(time.Now().Add(c.stall)); err != nil {
			return n, err
		}
		var sent int
		sent, err = c.Conn.Write(part)
		n, b = n+sent, b[sent:]
	}
	return n, err
}
