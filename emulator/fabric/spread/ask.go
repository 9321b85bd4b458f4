package spread

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/machines"
)

// ErrNoAnswer is wrapped by errors about a machine whose agent cannot be reached, or was lost before it answered: what
// became of what was asked is not known.
var ErrNoAnswer = errors.New("its agent does not answer")

// ask asks one machine's agent. The error does not name the machine.
func (f *Fabric) ask(ctx context.Context, m machines.Machine, q request) (a reply, err error) {
	if ctx.Err() != nil {
		return a, context.Cause(ctx)
	}
	stream, err := f.open(m)
	if err != nil {
		return a, err
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	q.Testbed, q.Machine = f.config.Testbed, m.ID
	if err = gob.NewEncoder(stream).Encode(q); err == nil {
		err = exchange.NewReceiver(stream, mostAnswered).Receive(&a)
	}
	switch {
	case ctx.Err() != nil:
		return a, context.Cause(ctx)
	case err != nil:
		return a, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	return a, kinds.Error(a.Failure)
}

// open opens a stream to a machine's agent.
func (f *Fabric) open(m machines.Machine) (net.Conn, error) {
	opener := f.config.At(m.ID)
	if opener == nil {
		return nil, fmt.Errorf("%w: there is no connection to it", ErrNoAnswer)
	}
	stream, err := opener.Open(Service)
	return stream, noAnswer(err)
}

// noAnswer says of an error of a connection what it means; it does not name the machine, which the caller does.
func noAnswer(err error) error {
	if named, ok := err.(*machines.Error); ok { //nolint:errorlint // only where it says nothing beside
		err = named.Err
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrNoAnswer, err)
}

// all asks all machines at once, each what question makes of its index, and returns their replies, in order. The error
// joins those of all machines, with their names.
func (f *Fabric) all(ctx context.Context, of []machines.Machine, question func(i int) request) ([]reply, error) {
	replies, failed := make([]reply, len(of)), make([]error, len(of))
	names := machines.Names(of)
	var asking sync.WaitGroup
	for i := range of {
		asking.Go(func() {
			var err error
			if replies[i], err = f.ask(ctx, of[i], question(i)); err != nil {
				failed[i] = machines.On(names[i], err)
			}
		})
	}
	asking.Wait()
	if cause := context.Cause(ctx); cause != nil && errors.Join(failed...) != nil {
		return replies, cause // once, and not of each machine
	}
	return replies, errors.Join(failed...)
}

// same is a question that is the same for all.
func same(q request) func(int) request { return func(int) request { return q } }
