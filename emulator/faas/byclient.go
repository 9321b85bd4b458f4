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
}

// fetchAll reads the states that the client accesses. What it returns is to be released, with an error as well.
func (c *chain) fetchAll(ctx context.Context, inv *InvocationSpec) (all []fetched, err error) {
	for i := range inv.States {
		s := &inv.States[i]
		if !s.ByClient {
			continue
		}
		f := fetched{state: s}
		if f.value, f.read, err = c.fetch(ctx, s.Repository, stateKey(c.spec.Key, s.State), s.Bytes); err != nil {
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
			next, sum, err := c.change(stateKey(c.spec.Key, all[i].state.State), v.content.data, v.version, v.sum)
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

// storeAll writes the changed states back, and counts those that somebody else has replaced in between.
func (c *chain) storeAll(ctx context.Context, all []fetched) (conflicts int, err error) {
	for i := range all {
		f := &all[i]
		f.write, err = c.store(ctx, f.state.Repository, stateKey(c.spec.Key, f.state.State), f.value)
		if errors.Is(err, errConflict) {
			conflicts++ // the update is lost; the check at the end of the chain says so
		} else if err != nil {
			return conflicts, fmt.Errorf("writing state %d: %w", f.state.State, err)
		}
	}
	return conflicts, nil
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
