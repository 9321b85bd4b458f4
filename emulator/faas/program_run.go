package faas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/keyspace"
	"testbed/emulator/plan"
)

// programTurn is a program's invocation at work: all states are read, the function reads and writes their keys, and all
// are written as one transaction. Where another invocation was faster, that is done again.
type programTurn struct {
	*Agent
	call     *call
	argument []byte
	states   []turnState // by index of the call's
	reply    reply
	result   []byte
}

// turnState is a state of the call, as it was read and as it will be written.
type turnState struct {
	content []byte
	version int64
	sum     uint32
	held    *blob // content; nil: it is another's
	next    value // nothing, before the function has returned
}

// handleProgram is a program's invocation from the network, whose call was read.
func (a *Agent) handleProgram(w http.ResponseWriter, r *http.Request, c *call) {
	buffer, err := a.receive(w, r, 0, r.ContentLength)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("body: %w", err))
		return
	}
	defer buffer.release()
	argument, rest := buffer.data[:c.argument], buffer.data[c.argument:]
	var carried [][]byte
	for _, s := range c.states {
		if s.location == plan.Carried {
			carried = append(carried, rest[:s.bytes])
			rest = rest[s.bytes:]
		}
	}
	t, err := a.turn(r.Context(), c, argument, carried)
	defer t.release()
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	t.reply.times = append(t.reply.times, a.clock.moment())
	t.reply.setHeader(w.Header())
	t.reply.tell(c, w.Header())
	length := int64(len(t.result)) + t.reply.returned(c)
	w.Header()["Content-Length"] = []string{strconv.FormatInt(length, 10)}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(t.result) // where it fails the caller sees it by itself
	for i, s := range c.states {
		if s.location == plan.Carried {
			_, _ = w.Write(t.states[i].next.content.data)
		}
	}
}

// runProgram carries out a program's invocation that has been received. carried are the contents of the states that
// came along; what they have become is in the turn, which is to be released, with an error as well. The timeline lacks
// the last moment.
func (a *Agent) runProgram(ctx context.Context, c *call, argument []byte, carried [][]byte) (*programTurn, error) {
	a.counts.invocations.Add(1)
	a.counts.underWay.Add(1)
	defer a.counts.underWay.Add(-1)
	t := &programTurn{Agent: a, call: c, argument: argument, states: make([]turnState, len(c.states))}
	t.reply.times = append(make(timeline, 0, c.moments()), a.clock.moment())
	in, err := a.occupy(ctx, c, &t.reply)
	if err != nil {
		return t, err
	}
	defer in.release()
	ctx = in.with(ctx)
	for i, s := range c.states {
		one := &t.states[i]
		switch s.location {
		case plan.Carried:
			one.content, one.version, one.sum = carried[0], s.version, s.sum
			carried = carried[1:]
		case plan.Repository:
			took, err := t.fetch(ctx, i)
			if err != nil {
				return t, err
			}
			t.reply.times = append(t.reply.times, took.start, took.end, took.remote)
		}
	}
	start := a.clock.moment()
	if err := t.execute(ctx); err != nil {
		return t, err
	}
	t.reply.times = append(t.reply.times, start, a.clock.moment())
	if err := t.commit(ctx); err != nil {
		return t, err
	}
	for i, s := range c.states {
		one := &t.states[i]
		t.reply.sizes = append(t.reply.sizes, resized{int64(len(one.content)), int64(len(one.next.content.data))})
		if s.location == plan.Carried {
			t.reply.carried = append(t.reply.carried, version{one.next.version, one.next.sum})
		}
	}
	t.reply.underWay = a.others()
	return t, nil
}

// fetch reads a state of the call, or reads it again, from where it is kept.
func (t *programTurn) fetch(ctx context.Context, i int) (span, error) {
	s, one := &t.call.states[i], &t.states[i]
	v, took, err := t.Agent.fetch(ctx, s.repository, t.call.stateKey(i), anySize)
	if err != nil {
		return took, fmt.Errorf("reading %s: %w", t.call.stateKey(i), err)
	}
	one.held.release()
	one.held, one.content, one.version, one.sum = v.content, v.content.data, v.version, v.sum
	return took, nil
}

// execute has the function work and, where the worker itself keeps the states, writes them: that is part of it.
func (t *programTurn) execute(ctx context.Context) error {
	if len(t.states) == 0 || t.call.states[0].location != plan.Local {
		return t.work(ctx)
	}
	last := int64(-1)
	for retries := 0; ; retries++ {
		for i := range t.states {
			if _, err := t.fetch(ctx, i); err != nil {
				return err
			}
		}
		if err := t.behind(retries, &last); err != nil {
			return err
		}
		if err := t.work(ctx); err != nil {
			return err
		}
		err := t.Agent.states.putAll(t.written())
		if err == nil {
			t.reply.count(0, retries)
			return nil
		}
		t.counts.conflicts.Add(1)
		if !errors.Is(err, errConflict) {
			return err
		}
	}
}

// behind counts one more repetition, if it is one, and says why there is none any more: too many, or nobody has written
// since the states were read the last time. last is the sum of the versions that were read then.
func (t *programTurn) behind(retries int, last *int64) error {
	sum := int64(0)
	for i := range t.states {
		sum += t.states[i].version
	}
	if retries > 0 {
		t.counts.retries.Add(1)
	}
	switch {
	case retries > maxRetries:
		return fmt.Errorf("it was refused %d times: %w", retries, errConflict)
	case retries > 0 && sum <= *last && !strings.Contains(t.call.states[0].repository, between):
		return fmt.Errorf("it was refused, and nobody else has written since: %w", errConflict)
	}
	*last = sum
	return nil
}

// work has the function work on the states as they were read, and makes what is to be written of them.
func (t *programTurn) work(ctx context.Context) error {
	limit := t.spaceLimit()
	stores := make([]dapr.Store, len(t.states))
	taken := int64(0)
	for i := range t.states {
		taken += keyspace.Overhead(t.states[i].content)
	}
	if err := t.pools.budget.take(ctx, taken); err != nil {
		return fmt.Errorf("the keys of %s: %w", t.call.function, err)
	}
	defer t.pools.budget.giveBack(taken)
	for i := range t.states {
		one := &t.states[i]
		space, err := keyspace.Decode(one.content, limit)
		if err == nil && checksum(one.content) != one.sum {
			err = keyspace.ErrCorrupt
		}
		if err != nil {
			t.counts.corrupt.Add(1)
			return fmt.Errorf("state %s, version %d: %w: %w", t.call.stateKey(i), one.version, errCorrupt, err)
		}
		stores[i] = dapr.Store{Names: t.call.stores(i), Space: space}
	}
	session := dapr.NewSession(stores, limit, spaceMemory{t.pools.budget})
	defer session.Free()
	t.forget() // where it works again
	result, err := t.programs.invoke(ctx, t.call, t.argument, session)
	spaces := session.Close()
	if err != nil {
		return err
	}
	if len(result) > maxBody {
		return fmt.Errorf("function %s: its result has %d bytes; it may have %d: %w",
			t.call.function, len(result), maxBody, errTooLarge)
	}
	t.result = result
	for i, space := range spaces {
		content, err := t.pools.take(ctx, space.Size())
		if err != nil {
			return fmt.Errorf("state %s: %w", t.call.stateKey(i), err)
		}
		space.Encode(content.data)
		one := &t.states[i]
		one.next.content.release()
		if one.held != nil {
			content.by = one.held.by // what it was made of, where there are replicas
		}
		one.next = value{content, one.version + 1, checksum(content.data)}
	}
	return nil
}

// forget gives back what the last result has of the budget.
func (t *programTurn) forget() {
	t.pools.budget.giveBack(t.call.kept)
	t.result, t.call.kept = nil, 0
}

// release gives back what the turn holds.
func (t *programTurn) release() {
	if t == nil {
		return
	}
	t.forget()
	for i := range t.states {
		t.states[i].held.release()
		t.states[i].next.content.release()
	}
}
