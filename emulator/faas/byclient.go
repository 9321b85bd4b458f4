package faas

import (
	"context"
	"errors"
	"fmt"

	"testbed/emulator/plan"
)

// fetched is a state that the client itself reads before an invocation, changes, and writes when it has the response.
type fetched struct {
	state       *AccessSpec
	value       value
	read, write span
	retries     int // of the write
}

// fetchAll reads the states that the client accesses. What it returns is to be released, with an error as well.
func (c *chain) fetchAll(ctx context.Context, inv *InvocationSpec) (all []fetched, err error) {
	for i := range inv.States {
		s := &inv.States[i]
		if !s.ByClient {
			continue
		}
		f := fetched{state: s}
		if f.value, f.read, err = c.fetch(ctx, s.Repository, c.spec.stateKey(s.State), s.Bytes); err != nil {
			return all, fmt.Errorf("reading state %d: %w", s.State, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// changeAll begins to make the next version of each, while the function computes, and returns what waits for that.
func (c *chain) changeAll(all []fetched) func() error {
	if len(all) == 0 {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		for i := range all {
			v := &all[i].value
			next, sum, err := c.change(c.spec.stateKey(all[i].state.State), v.content.data, v.version, v.sum)
			if err != nil {
				done <- err
				return
			}
			v.version, v.sum = next, sum
		}
		done <- nil
	}()
	return func() error { return <-done }
}

// storeAll writes the changed states back, and counts the connections that had to be opened for it. Where somebody else
// has written in between, the client reads again and lets the function compute again.
func (c *chain) storeAll(ctx context.Context, inv *InvocationSpec, all []fetched) (cold int, err error) {
	for i := range all {
		f := &all[i]
		again := func() error {
			opened, err := c.invokeAgain(ctx, inv, all[i:i+1])
			cold += opened
			return err
		}
		f.write, f.retries, err = c.commit(ctx, f.state.Repository, c.spec.stateKey(f.state.State), &f.value, again)
		if err != nil {
			return cold, fmt.Errorf("writing state %d: %w", f.state.State, err)
		}
	}
	return cold, nil
}

// invokeAgain has an invocation's function compute once more, for a state that was read again. The worker sees nothing
// of its states.
func (c *chain) invokeAgain(ctx context.Context, inv *InvocationSpec, read []fetched) (cold int, err error) {
	call := inv.call(c.spec.Key)
	call.states = nil
	exchange := c.remotely
	if inv.Worker == "" {
		exchange = c.locally
	}
	changed := c.changeAll(read)
	back, err := exchange(ctx, inv.Worker, call, nil)
	if err = errors.Join(err, changed()); err == nil && back.cold {
		cold = 1
	}
	return cold, err
}

func releaseAll(all []fetched) {
	for _, f := range all {
		f.value.content.release()
	}
}

// byClient is the number of an invocation's states that the client accesses.
func byClient[S plan.Access | AccessSpec](states []S) int {
	n := 0
	for _, s := range states {
		if who(s).byClient {
			n++
		}
	}
	return n
}
