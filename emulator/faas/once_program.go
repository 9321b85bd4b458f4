package faas

import (
	"context"
	"fmt"
	"slices"
)

// turn carries out a program's invocation. Like invoke, one of an instance waits while that is held, fails with a
// movedError where it is elsewhere, and is executed once however often it comes. Its result does not move with the
// instance: who repeats a call sends it to where it was sent before, and the agent there answers it as long as the
// chain is under way. The turn is to be released, with an error as well.
func (a *Agent) turn(ctx context.Context, c *call, argument []byte, carried [][]byte) (*programTurn, error) {
	r, err := a.residents.of(c)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return a.runProgram(ctx, c, argument, carried)
	}
	if err := a.admit(ctx, r, c); err != nil {
		if before := r.executed(c); before != nil && movedOf(err) != nil {
			return a.again(ctx, c, before)
		}
		return nil, err
	}
	defer r.leave()
	detached, cancel := context.WithCancelCause(a.context)
	defer cancel(nil)
	one, first, err := a.begin(r, c, cancel)
	if err != nil {
		return nil, err
	}
	if !first {
		return a.again(ctx, c, one)
	}
	since := a.clock.now()
	t, err := a.runProgram(detached, c, argument, carried)
	r.saw(since, a.clock.now())
	r.keepResult(one, t, err)
	r.ended(c, one, a.clock.now())
	close(one.done)
	return t, err
}

// executed is a call that was executed here, or is at work; nil: none was.
func (r *resident) executed(c *call) *onceCall {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls.all[c.onceKey()]
}

// keepResult keeps what a turn has come to, with what its result has of the budget, unless its chain was forgotten.
func (r *resident) keepResult(one *onceCall, t *programTurn, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one.err = err; err != nil {
		return
	}
	again := t.reply
	again.times = slices.Clone(again.times)
	one.reply, one.result = &again, t.result
	if r.calls.all[t.call.onceKey()] == one {
		one.kept, t.call.kept = t.call.kept, 0
	}
}

// again is the turn of a call that was executed before, when that has ended.
func (a *Agent) again(ctx context.Context, c *call, one *onceCall) (*programTurn, error) {
	if err := one.wait(ctx); err != nil {
		return nil, err
	}
	if !one.program {
		return nil, fmt.Errorf("call %s of function %s was one of a function that is built in: %w", c.onceKey(), c.function,
			errConflict)
	}
	t := &programTurn{Agent: a, call: c, reply: *one.reply, result: one.result}
	t.reply.times = slices.Clone(t.reply.times)
	return t, nil
}
