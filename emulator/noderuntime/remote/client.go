package remote

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/machines/control"
)

// do has an operation carried out, and returns when it has ended there: when ctx ends, that is told to the machine,
// which undoes what is to be undone.
func (r *Runtime) do(ctx context.Context, q request, l local) (outcome, error) {
	done, err := r.converse(ctx, q, l)
	if err == nil {
		err = kinds.Error(done.Failure)
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		return done, cause // what it was called off for
	}
	return done, machines.On(r.machine, err)
}

// undoing bounds how long a machine may take to undo what was called off, until it is taken for lost.
const undoing = 2 * time.Minute

func (r *Runtime) converse(ctx context.Context, q request, l local) (outcome, error) {
	if cause := context.Cause(ctx); cause != nil {
		return outcome{}, cause
	}
	conn, err := r.to.Open(Service)
	if err != nil {
		return outcome{}, err
	}
	defer conn.Close()
	s := newStream(conn, mostOutcome)
	if err := s.send(q); err != nil {
		return outcome{}, err
	}
	calledOff := context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Now().Add(undoing))
		_ = s.send(message{Cancel: true})
	})
	defer calledOff()
	over, took := make(chan struct{}), make(chan struct{}, 1)
	defer close(over)
	if l.in != nil {
		go l.passInput(s, took, over)
	}
	go l.passSignals(s, over)
	for {
		var m message
		if err := s.receive(&m); err != nil {
			return outcome{}, unheard(err)
		}
		if m.Outcome != nil {
			return *m.Outcome, nil
		}
		if m.Took {
			select {
			case took <- struct{}{}:
			default: // nobody has asked
				return outcome{}, errors.New("its agent says that it took what it was not given")
			}
			continue
		}
		if err := l.take(m); err != nil { // whoever was to have it does not take it any more
			return outcome{}, err
		}
	}
}

// unheard is why an agent's answer has not come.
func unheard(err error) error {
	if errors.Is(err, control.ErrTooLong) {
		return fmt.Errorf("its agent: %w", err)
	}
	return fmt.Errorf("its agent: %w: %w", control.ErrLost, err)
}

// take does here what a message says.
func (l local) take(m message) (err error) {
	switch {
	case m.Progress > 0 && l.progress != nil:
		l.progress(m.Progress)
	case len(m.Out) > 0 && l.out != nil:
		_, err = l.out.Write(m.Out)
	case len(m.Err) > 0 && l.err != nil:
		_, err = l.err.Write(m.Err)
	}
	return err
}

// passInput sends a command's input piece by piece, each when the command has taken the one before: what waits in the
// connection would keep a cancellation waiting, too.
func (l local) passInput(s *stream, took, over <-chan struct{}) {
	piece := make([]byte, mostPiece)
	for {
		n, err := l.in.Read(piece)
		if n > 0 {
			if s.send(message{In: piece[:n]}) != nil {
				return
			}
			select {
			case <-took:
			case <-over:
				return
			}
		}
		if err != nil {
			_ = s.send(message{EndOfIn: true})
			return
		}
	}
}

// passSignals passes signals on until the operation is over.
func (l local) passSignals(s *stream, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		case signal, more := <-l.signals:
			if !more {
				return
			}
			if number, ok := signal.(syscall.Signal); ok {
				_ = s.send(message{Signal: int(number)})
			}
		}
	}
}
