package remote

import (
	"context"
	"fmt"
	"net"
	"time"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// wanted begins a stream of DialService: the socket, and the process that is to listen there.
type wanted struct {
	Path  string `json:"path"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
}

// connection answers it. What follows, where nothing failed, is what the socket has to say.
type connection struct {
	Failure *exchange.Failure `json:"failure,omitempty"`
}

// dialing bounds how long a socket may take to be connected to, there and here.
const dialing = 30 * time.Second

// Dial connects to a socket on a node's machine, at which the node's first process has to listen. Errors name the
// machine, and wrap unixpeer.ErrOther where another process listens there.
func Dial(ctx context.Context, to Opener, path string, n noderuntime.Node) (net.Conn, error) {
	conn, err := dial(ctx, to, wanted{path, n.PID, n.Start})
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", n.Machine, err)
	}
	return conn, nil
}

func dial(ctx context.Context, to Opener, w wanted) (net.Conn, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	stream, err := to.Open(DialService)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	_ = stream.SetDeadline(time.Now().Add(dialing))
	var answer connection
	if err = control.Send(stream, w); err == nil {
		err = control.Receive(stream, &answer)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", control.ErrLost, err)
	} else {
		err = kinds.Error(answer.Failure)
	}
	if !stop() && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		stream.Close()
		return nil, err
	}
	_ = stream.SetDeadline(time.Time{})
	return stream, nil
}

// ServeDial connects a stream to a socket of this machine that lies below one of the directories, by a path without
// symbolic links, and at which the process listens that the stream names. It returns when both have ended, or ctx has.
func ServeDial(ctx context.Context, stream net.Conn, dirs ...string) {
	_ = stream.SetDeadline(time.Now().Add(dialing))
	var w wanted
	if err := control.Receive(stream, &w); err != nil {
		return
	}
	conn, err := connect(ctx, w, dirs)
	if control.Send(stream, connection{kinds.Of(err)}) != nil || err != nil {
		if conn != nil {
			conn.Close()
		}
		return
	}
	_ = stream.SetDeadline(time.Time{})
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { stream.Close(); conn.Close() })
	defer stop()
	control.Splice(stream, conn)
}
