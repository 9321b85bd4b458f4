package carrier

import (
	"context"
	"errors"
	"sync"

	"testbed/emulator/machines"
)

// Sweep starts an agent on each machine by itself, and has do remove what is there. It returns the machines where that
// succeeded, and those for which it is to be repeated with why: whoever takes a testbed down keeps these, and sweeps
// them again later, from this carrier or another one of the same machines. Agents that are there already, as of a
// controller that was killed, go first: a Swarm has one service for a testbed. An error is the end of ctx, or that what
// is a Swarm's could not be removed.
func Sweep(
	ctx context.Context, c Carrier, launch Launch, on []machines.Machine, do func(*Agent) error,
) (done []machines.Machine, left []Unfit, err error) {
	if _, err := c.Remove(ctx, launch.Testbed); err != nil {
		return nil, nil, err
	}
	launch.Replace = true // those alone that no carrier's Remove finds are on the machines now
	failed := make([]error, len(on))
	if agents, err := c.Start(ctx, launch, on); err == nil {
		var sweeping sync.WaitGroup
		for i, a := range agents {
			sweeping.Go(func() { failed[i] = errors.Join(do(a), a.Close()) })
		}
		sweeping.Wait()
		_, err = c.Remove(ctx, launch.Testbed)
		if err != nil {
			return nil, nil, err
		}
	} else { // some of them may do by themselves
		for i := range on {
			failed[i] = alone(ctx, c, launch, on[i], do)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	for i, m := range on {
		if failed[i] != nil {
			left = append(left, Unfit{Machine: m, Why: failed[i].Error()})
		} else {
			done = append(done, m)
		}
	}
	return done, left, nil
}

// alone sweeps one machine.
func alone(ctx context.Context, c Carrier, launch Launch, m machines.Machine, do func(*Agent) error) error {
	agents, err := c.Start(ctx, launch, []machines.Machine{m})
	if err != nil {
		return err
	}
	err = do(agents[0])
	err = errors.Join(err, agents[0].Close())
	_, removed := c.Remove(ctx, launch.Testbed)
	return errors.Join(err, removed)
}
