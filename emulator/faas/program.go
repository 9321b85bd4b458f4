package faas

import (
	"context"
	"fmt"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/instance"
	"testbed/emulator/faas/keyspace"
)

// programs are the user's own functions at this node.
type programs interface {
	// invoke has the function of a call work on an argument, which is its to read until it returns, with the states of
	// the session. It is called again where another invocation has changed a state in between: what it did to the states
	// is forgotten then. The result has maxBody bytes at most.
	invoke(ctx context.Context, c *call, argument []byte, session *dapr.Session) (result []byte, err error)
}

// occupier are programs whose instances start and end.
type occupier interface {
	// occupy waits for an instance of a call's function, where the plan has a step for it. Invoke then finds it in the
	// call, as often as it is called, and does not give it back.
	occupy(ctx context.Context, c *call) (*instance.Lease, error)
}

// occupy waits for an instance of the call's function, where that is not always warm.
func (t *programTurn) occupy(ctx context.Context) (occupied, error) {
	if t.call.instances == nil {
		return occupied{}, nil
	}
	own, able := t.programs.(occupier)
	if !able {
		return occupied{}, fmt.Errorf("function %s: nobody here starts instances of programs", t.call.function)
	}
	o := occupied{took: span{start: t.clock.now()}}
	var err error
	if o.lease, err = own.occupy(ctx, t.call); err != nil {
		return o, fmt.Errorf("waiting for an instance: %w", err)
	}
	t.call.lease = o.lease
	o.took.end = t.clock.now()
	o.took.remote = max(o.took.start, o.took.end-o.lease.Started.Nanoseconds())
	t.reply.times = append(t.reply.times, o.took.start, o.took.end, o.took.remote)
	return o, nil
}

// noPrograms are those of an agent that was told of none.
type noPrograms struct{}

func (noPrograms) invoke(_ context.Context, c *call, _ []byte, _ *dapr.Session) ([]byte, error) {
	return nil, fmt.Errorf("function %s is a program, and this agent was told of none", c.function)
}

// spaceLimit is the most that a state of a program may have at this node, in bytes: what is read, what is written and
// the requests in between are there at the same time.
func (a *Agent) spaceLimit() int64 { return min(keyspace.MaxBytes, a.pools.budget.total/4) }

// spaceMemory lets sessions take from the budget of states and messages.
type spaceMemory struct{ *budget }

// Take takes so many bytes, or fails with errFull or errTooLarge at once.
func (m spaceMemory) Take(bytes int64) error {
	switch {
	case m.try(bytes):
		return nil
	case bytes > m.total:
		return fmt.Errorf("%d bytes of %d: %w", bytes, m.total, errTooLarge)
	}
	return m.full(bytes)
}

// Give gives back what was taken.
func (m spaceMemory) Give(bytes int64) { m.giveBack(bytes) }
