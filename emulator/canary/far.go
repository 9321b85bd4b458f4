package canary

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/machines/control"
)

// Service is the service of a machine's agent that keeps a canary there.
const Service = "canary"

// Make is a fabric for a canary of a testbed on a machine, with the name of that one's testbed, and what removes what
// it leaves.
type Make func(testbed, machine string) (f fabric.Fabric, name string, remove func() error, err error)

// order begins a stream. After it the controller says nothing but a byte, which ends the canary.
type order struct{ Testbed, Machine string }

// said is what the agent answers: that the canary is at work, and then what it has come to.
type said struct {
	Result  Result
	Failure *exchange.Failure
}

const (
	mostSaid = readfile.MiB
	// starting bounds how long a canary may take to begin.
	starting = 30 * time.Second
)

// kinds are the errors that callers tell apart.
var kinds = exchange.Kinds{"not supported": fabric.ErrNotSupported, "canceled": context.Canceled,
	"deadline": context.DeadlineExceeded}

// Serve has a canary on this machine for as long as the stream lasts, or ctx, or until a byte comes.
func Serve(makes Make) func(ctx context.Context, stream net.Conn) {
	return func(ctx context.Context, stream net.Conn) {
		var o order
		_ = stream.SetReadDeadline(time.Now().Add(starting))
		orders := exchange.NewReceiver(stream, mostSaid)
		if err := orders.Receive(&o); err != nil {
			return
		}
		_ = stream.SetReadDeadline(time.Time{})
		ctx, cancel := orders.Until(ctx)
		defer cancel()
		to := gob.NewEncoder(stream)
		result, err := serve(ctx, makes, o, func() error { return to.Encode(said{}) })
		_ = stream.SetWriteDeadline(time.Now().Add(starting))
		_ = to.Encode(said{result, kinds.Of(err)})
	}
}

// serve has a canary until ctx ends; begun is told when it is at work.
func serve(ctx context.Context, makes Make, o order, begun func() error) (r Result, err error) {
	f, name, remove, err := makes(o.Testbed, o.Machine)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	patient, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	c, err := Start(patient, f, name)
	if err != nil {
		return r, err
	}
	if err = begun(); err == nil {
		<-ctx.Done()
	}
	r, stopped := c.Stop(context.WithoutCancel(ctx))
	return r, errors.Join(err, stopped)
}

// Far is a canary on another machine.
type Far struct {
	machine string
	stream  net.Conn
	from    *exchange.Receiver
}

// StartFar has the agent of a machine, by its ID, begin one for a testbed. name is the machine's, for errors.
func StartFar(ctx context.Context, agent control.Opener, testbed, machine, name string) (*Far, error) {
	stream, err := agent.Open(Service)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", name, err)
	}
	f := &Far{name, stream, exchange.NewReceiver(stream, mostSaid)}
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err = gob.NewEncoder(stream).Encode(order{testbed, machine}); err == nil {
		_, err = f.receive()
	}
	if err != nil {
		_ = stream.Close()
		return nil, f.named(ctx, err)
	}
	return f, nil
}

// receive is what the agent says next.
func (f *Far) receive() (Result, error) {
	var s said
	if err := f.from.Receive(&s); err != nil {
		return Result{}, fmt.Errorf("%w: %w", control.ErrLost, err)
	}
	return s.Result, kinds.Error(s.Failure)
}

func (f *Far) named(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("machine %s: %w", f.machine, err)
}

// Stop ends it, and says what was measured, also with an error.
func (f *Far) Stop(ctx context.Context) (Result, error) {
	defer f.stream.Close()
	stop := context.AfterFunc(ctx, func() { _ = f.stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_, _ = f.stream.Write([]byte{0}) // an agent that is lost says nothing any more
	r, err := f.receive()
	if err != nil {
		err = f.named(ctx, err)
	}
	return r, err
}
