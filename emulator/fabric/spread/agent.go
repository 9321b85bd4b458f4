package spread

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/program"
)

// Services are what an agent offers for networks, by the service's name. p is the program whose userspace.Command
// carries the packets: the agent's own. dirs are directories of the machine, as for package noderuntime/remote: below
// the first one each testbed's socket and log are, as long as it has a network.
func Services(p program.Program, dirs ...string) map[string]func(ctx context.Context, stream net.Conn) {
	a := &agent{program: p, dirs: dirs, carried: map[string]*carried{}}
	return map[string]func(context.Context, net.Conn){Service: a.serve, FloorService: meet}
}

// agent is one machine's side.
type agent struct {
	program program.Program
	dirs    []string

	mutex   sync.Mutex
	carried map[string]*carried // by testbed
}

// serve answers one request. ctx ends it, and so does the stream's end.
func (a *agent) serve(ctx context.Context, stream net.Conn) {
	var q request
	asked := exchange.NewReceiver(stream, mostAsked)
	if err := asked.Receive(&q); err != nil {
		return
	}
	ctx, cancel := asked.Until(ctx) // the controller says nothing more but the byte that ends a tap
	defer cancel()
	if q.Op == opTap {
		// Nobody reads any more: what waits to be sent would keep the capture going.
		defer context.AfterFunc(ctx, func() { _ = stream.SetWriteDeadline(time.Now().Add(tapEnds)) })()
		a.tap(ctx, stream, &q)
		return
	}
	var r reply
	err := a.answer(ctx, &q, &r)
	var absent *fabric.AbsentError
	if errors.As(err, &absent) {
		r.Absent = absent.Stations
		if onlyAbsent(err) {
			err = nil
		}
	}
	if r.Failure = kinds.Of(err); r.Failure != nil { // the controller says whose fabric it is
		r.Failure.Says = strings.TrimPrefix(r.Failure.Says, userspace.Of(q.Testbed))
	}
	_ = gob.NewEncoder(stream).Encode(r)
}

// tapEnds is how long the last packets of a capture may take to be told.
const tapEnds = 10 * time.Second

// onlyAbsent says whether an error is about absent stations and nothing else.
func onlyAbsent(err error) bool {
	switch e := err.(type) { //nolint:errorlint // it is taken apart
	case *fabric.AbsentError:
		return true
	case interface{ Unwrap() error }:
		return onlyAbsent(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if !onlyAbsent(one) {
				return false
			}
		}
		return len(e.Unwrap()) > 0
	}
	return false
}

// names are those that testbeds can have: a path is made of them.
var names = lazy.Regexp(`^[a-z0-9-]{1,200}$`)

var errRequest = errors.New("a request that cannot be")

// answer does what was asked.
func (a *agent) answer(ctx context.Context, q *request, r *reply) error {
	if !names().MatchString(q.Testbed) || q.Machine == "" {
		return fmt.Errorf("%w: testbed %.50q on machine %.50q", errRequest, q.Testbed, q.Machine)
	}
	switch q.Op {
	case opListen, opApply, opReshape, opClose:
		return a.change(ctx, q, r)
	}
	c, err := a.running(q.Testbed)
	if err != nil {
		return err
	}
	switch q.Op {
	case opInspect:
		r.Status, err = c.fabric.Inspect(ctx)
	case opCounters:
		r.Status.Queues, err = c.fabric.Counters(ctx)
	case opHealth:
		r.Health, err = c.fabric.Health(ctx, q.Since, q.Each)
	case opConnected:
		ctx, cancel := context.WithTimeout(ctx, q.Patience)
		defer cancel()
		err = c.fabric.Connected(ctx)
	case opWatch:
		err = c.fabric.Watch(ctx)
	default:
		err = fmt.Errorf("%w: %.50q", errRequest, q.Op)
	}
	return err
}

// change does what changes the machine's part, one after the other.
func (a *agent) change(ctx context.Context, q *request, r *reply) error {
	c, done, err := a.take(ctx, q.Testbed, q.Machine)
	if err != nil {
		return err
	}
	defer done()
	switch q.Op {
	case opListen:
		r.Address, err = c.listen(ctx, q.Host)
		r.Up = c.up
		if c.up {
			r.Key = c.part.Key
		}
	case opClose:
		a.mutex.Lock()
		delete(a.carried, q.Testbed)
		a.mutex.Unlock()
		c.closed = true
		err = errors.Join(c.close(ctx), a.tidy(ctx, q.Testbed))
	default:
		var n fabric.Network
		if n, err = fabric.Decode(bytes.NewReader(q.Network)); err == nil {
			before := c.fabric.Starts()
			err = c.apply(ctx, n, q)
			r.Began = c.fabric.Starts() > before
		}
	}
	return err
}

// take is a testbed's part of which nobody else changes anything until done is called; it is made where there is none.
func (a *agent) take(ctx context.Context, testbed, machine string) (c *carried, done func(), err error) {
	for {
		a.mutex.Lock()
		c = a.carried[testbed]
		if c == nil {
			if c, err = newCarried(a, testbed, machine); err != nil {
				a.mutex.Unlock()
				return nil, nil, err
			}
			a.carried[testbed] = c
		}
		a.mutex.Unlock()
		if c.machine != machine {
			return nil, nil, fmt.Errorf("%w: machine %.50q, and this is %.50q", errRequest, machine, c.machine)
		}
		select {
		case c.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		if !c.closed {
			return c, func() { <-c.turn }, nil
		}
		<-c.turn
	}
}

// running is a testbed's part, which may be asked while others change it.
func (a *agent) running(testbed string) (*carried, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if c := a.carried[testbed]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("%w: this machine's agent has none of that name", fabric.ErrNotRunning)
}
