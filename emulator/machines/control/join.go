package control

import (
	"errors"
	"io"
	"net"
	"sync"
)

// stream is one of a session. Closing one ends only what this side sends: what the other still sends can be read.
type stream struct{ net.Conn }

// CloseWrite ends what this side sends.
func (s stream) CloseWrite() error { return s.Close() }

// Join passes on what either connection has to say to the other, and closes both when both have ended, or either has
// failed. Where a connection can end what it sends alone, the end of one direction leaves the other one going.
func Join(a, b net.Conn) error {
	var both sync.WaitGroup
	failed := make([]error, 2)
	pass := func(failed *error, to, from net.Conn) {
		if _, err := io.Copy(to, from); err != nil {
			*failed = err
			_, _ = a.Close(), b.Close()
		} else if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
		}
	}
	both.Go(func() { pass(&failed[0], a, b) })
	both.Go(func() { pass(&failed[1], b, a) })
	both.Wait()
	_, _ = a.Close(), b.Close()
	return errors.Join(failed...)
}
