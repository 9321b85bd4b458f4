package userspace

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/readfile"
)

// maxMessage is the most bytes of a request or a reply: a network of 5000 nodes takes a hundredth.
const maxMessage = 256 * readfile.MiB

// errNoReply says that the process is gone or broken.
var errNoReply = errors.New("the fabric process did not answer (its log may say why)")

// refusal is the error that the process replied with.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// clientConn is a connection to the process, for one request after the other.
type clientConn struct {
	net.Conn
	to   *gob.Encoder
	from *exchange.Receiver
}

func newClientConn(conn net.Conn) *clientConn {
	return &clientConn{conn, gob.NewEncoder(conn), exchange.NewReceiver(conn, maxMessage)}
}

// call connects to the living process.
func (f *Fabric) call(ctx context.Context) (*clientConn, error) {
	conn, err := f.dial(ctx)
	if err != nil {
		return nil, err
	}
	return newClientConn(conn), nil
}

// ask sends one request and waits for the reply. It gives up when the context ends; then the connection is of no
// further use.
func (l *clientConn) ask(ctx context.Context, q request) (reply, error) {
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var a reply
	q.Protocol = protocol
	err := l.to.Encode(q)
	if err == nil {
		err = l.from.Receive(&a)
	}
	switch {
	case ctx.Err() != nil:
		return a, context.Cause(ctx)
	case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.EPIPE): // it ended meanwhile
		return a, fmt.Errorf("%w: %w: %w", fabric.ErrNotRunning, errNoReply, err)
	case err != nil:
		return a, fmt.Errorf("%w: %w", errNoReply, err)
	case a.Err != "":
		return a, &refusal{a.Err}
	}
	return a, nil
}
