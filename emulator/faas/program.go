package faas

import (
	"context"
	"fmt"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/keyspace"
)

// programs are the user's own functions at this node.
type programs interface {
	// invoke has the function of a call work on an argument, which is its to read until it returns, with the states of
	// the session. It is called again where another invocation has changed a state in between: what it did to the states
	// is forgotten then. The result has maxBody bytes at most.
	invoke(ctx context.Context, c *call, argument []byte, session *dapr.Session) (result []byte, err error)
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
