package control

import (
	"errors"
	"io"
	"net"

	"github.com/hashicorp/yamux"
)

// Stream is one stream of a session.
type Stream struct{ *yamux.Stream }

// CloseWrite says that this side sends no more; what the other side sends is still read. A stream whose other side does
// not close it, too, ends ten minutes later.
func (s *Stream) CloseWrite() error { return s.Stream.Close() }

// Close is CloseWrite where the other side has not closed the stream yet: it is told, and whatever it still sends
// nobody reads.
func (s *Stream) Close() error { return s.Stream.Close() }

// Splice passes on what either of two connections sends to the other one until both have ended, or either fails. That
// one sends no more is passed on, too, where the other has a method CloseWrite. It closes neither.
func Splice(a, b net.Conn) {
	ended := make(chan error, 2)
	pass := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			err = errors.Join(err, half.CloseWrite())
		} else if err == nil {
			err = io.ErrClosedPipe
		}
		ended <- err
	}
	go pass(a, b)
	go pass(b, a)
	if err := <-ended; err == nil {
		<-ended
	}
}
