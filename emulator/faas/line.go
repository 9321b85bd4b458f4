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

// do sends a request, and reads an answer without a body, whose header it returns. After an error the line is closed.
func (l *line) do(ctx context.Context, m *message) (header http.Header, err error) {
	if l.conn == nil {
		conn, err := l.peers.take(ctx, l.address, m)
		if err != nil {
			return nil, err
		}
		conn.Conn = steady{conn.Conn, l.limits.stall}
		l.conn = conn
	}
	conn := l.conn
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	reusable, err := conn.exchange(l.address, m, func(r *http.Response) error {
		header = r.Header
		return nil
	})
	if !stop() && err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	conn.in.complete()
	if err != nil || !reusable {
		l.close()
	}
	return header, err
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
func (c steady) Write(b []byte) (int, error) {
	n, err := c.writeAll(net.Buffers{b})
	return int(n), err
}

// writeAll writes a message. Each part leaves at once, from wherever its bytes are: a head that was written by itself
// would be a segment by itself, and two of them are a round of slow start more where a message just fills one.
func (c steady) writeAll(all net.Buffers) (n int64, err error) {
	for len(all) > 0 && err == nil {
		var part net.Buffers
		part, all = firstBytes(all, steadyPart)
		if err = c.SetDeadline(time.Now().Add(c.stall)); err != nil {
			return n, err
		}
		var sent int64
		sent, err = part.WriteTo(c.Conn)
		n += sent
	}
	return n, err
}

// firstBytes divides buffers after so many bytes.
func firstBytes(all net.Buffers, most int) (first, rest net.Buffers) {
	for i, b := range all {
		if len(b) >= most {
			rest = append(net.Buffers{b[most:]}, all[i+1:]...)
			if len(b) == most {
				rest = rest[1:]
			}
			return append(first, b[:most]), rest
		}
		first, most = append(first, b), most-len(b)
	}
	return first, nil
}

// writeAll writes a message to a connection.
func writeAll(to net.Conn, all net.Buffers) (int64, error) {
	if s, ok := to.(steady); ok {
		return s.writeAll(all)
	}
	return all.WriteTo(to)
}
