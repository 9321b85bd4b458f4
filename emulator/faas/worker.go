package faas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"testbed/emulator/plan"
)

// handleFunction is an invocation from the network: the request is read completely, its states are
// changed where they are in the buffer, and the response leaves from the same buffer: the result
// lies directly in front of the states, as the argument did. A result that is much longer than the argument
// does not: nothing of it has been received, and it is sent in parts.
func (a *Agent) handleFunction(w http.ResponseWriter, r *http.Request, function string) {
	c, err := parseCall(function, r.Header)
	if err == nil {
		err = a.known.admit(c)
	}
	if err != nil {
		a.refuse(w, r, statusOfBody(err), err)
		return
	}
	carried := c.carried()
	if r.ContentLength != c.argument+carried {
		err := fmt.Errorf("the body has %d bytes, the call %d", r.ContentLength, c.argument+carried)
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	if c.program {
		a.handleProgram(w, r, c)
		return
	}
	gap := gapOf(c.argument, c.result)
	buffer, err := a.receive(w, r, gap, c.argument+carried)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("body: %w", err))
		return
	}
	defer buffer.release()
	front := gap + c.argument
	answer, err := a.invoke(r.Context(), c, buffer.data[front:])
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	answer.times = append(answer.times, a.clock.moment())
	answer.setHeader(w.Header())
	answer.tell(c, w.Header())
	if c.result <= front {
		respond(w, http.StatusOK, buffer.data[front-c.result:])
		return
	}
	a.respondFilled(w, c.result, buffer.data[front:])
}

// gapOf is the bytes that a buffer has in front of the argument, so that a longer result ends where the argument does.
// 0: it needs none, or is sent in parts.
func gapOf(argument, result int64) int64 {
	if gap := result - argument; gap > 0 && gap <= maxGap {
		return gap
	}
	return 0
}

// respondFilled sends n bytes of any content, and then data.
func (a *Agent) respondFilled(w http.ResponseWriter, n int64, data []byte) {
	w.Header()["Content-Length"] = []string{strconv.FormatInt(n+int64(len(data)), 10)}
	w.WriteHeader(http.StatusOK)
	for _, part := range a.filling(n) {
		if _, err := w.Write(part); err != nil {
			return // the caller sees it by itself
		}
	}
	_, _ = w.Write(data) // as above
}

// execution is an invocation at work.
type execution struct {
	*Agent
	call    *call
	carried []byte  // the carried states' contents, one after the other
	read    []value // by index of the call's states: what came from repositories, and copies of contested ones
	reply   reply
}

// execute carries out an invocation that has been received: reads, the function, writes. carried holds
// the contents of the carried states and is changed. The timeline it returns lacks the last moment.
func (a *Agent) execute(ctx context.Context, c *call, carried []byte) (*reply, error) {
	a.counts.invocations.Add(1)
	a.counts.underWay.Add(1)
	defer a.counts.underWay.Add(-1)
	e := &execution{Agent: a, call: c, carried: carried, read: make([]value, len(c.states))}
	e.reply.times = append(make(timeline, 0, c.moments()), a.clock.moment())
	defer e.release()
	in, err := e.occupy(ctx, c, &e.reply)
	if err != nil {
		return nil, err
	}
	defer in.release()
	for i, s := range c.states {
		if s.location == plan.Repository {
			if err := e.fetchOf(ctx, i); err != nil {
				return nil, fmt.Errorf("reading %s: %w", c.stateKey(i), err)
			}
		}
	}
	start := a.clock.moment()
	if err := e.run(ctx, func() error { return e.changeAll(ctx) }); err != nil {
		return nil, err
	}
	if err := e.commitLocal(ctx); err != nil {
		return nil, err
	}
	e.reply.times = append(e.reply.times, start, a.clock.moment())
	written := 0
	for i, s := range c.states {
		if s.location != plan.Repository {
			continue
		}
		written++
		if err := e.storeOf(ctx, i, written); err != nil {
			return nil, fmt.Errorf("writing %s: %w", c.stateKey(i), err)
		}
	}
	e.reply.underWay = a.others()
	return &e.reply, nil
}

// run computes the function, beginning with work.
func (e *execution) run(ctx context.Context, work func() error) error {
	done, err := e.compute(e.call.ops, e.call.load, ctx.Done(), work)
	if errors.Is(err, errCorrupt) {
		e.counts.corrupt.Add(1)
	}
	if err == nil && !done {
		err = fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	return err
}

func (e *execution) release() {
	for _, v := range e.read {
		v.content.release()
	}
}

// changeAll makes the next version of every state of the call.
func (e *execution) changeAll(ctx context.Context) error {
	rest := e.carried
	for i, s := range e.call.states {
		key := e.call.stateKey(i)
		switch s.location {
		case plan.Carried:
			v, sum, err := e.change(key, rest[:s.bytes], s.version, s.sum)
			if err != nil {
				return err
			}
			rest = rest[s.bytes:]
			e.reply.carried = append(e.reply.carried, version{v, sum})
		case plan.Local:
			if err := e.changeLocal(ctx, i); err != nil {
				return err
			}
		case plan.Repository:
			if err := e.changeRead(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// changeLocal changes a state where it is or, if other invocations change it at the same time, a copy.
func (e *execution) changeLocal(ctx context.Context, i int) (err error) {
	s, key := &e.call.states[i], e.call.stateKey(i)
	if !s.contested {
		return e.states.update(key, e.change)
	}
	if e.read[i], _, err = e.fetch(ctx, "", key, s.bytes); err != nil {
		return err
	}
	return e.changeRead(i)
}

// changeRead makes the next version of a state that was read.
func (e *execution) changeRead(i int) error {
	v := &e.read[i]
	next, sum, err := e.change(e.call.stateKey(i), v.content.data, v.version, v.sum)
	if err == nil {
		v.version, v.sum = next, sum
	}
	return err
}

// fetchOf gets a private copy of a state of the call from its repository.
func (e *execution) fetchOf(ctx context.Context, i int) (err error) {
	s := e.call.states[i]
	var took span
	if e.read[i], took, err = e.fetch(ctx, s.repository, e.call.stateKey(i), s.bytes); err == nil {
		e.reply.times = append(e.reply.times, took.start, took.end, took.remote)
	}
	return err
}

// storeOf writes a changed state of the call, the so many-th that it writes, back to its repository.
func (e *execution) storeOf(ctx context.Context, i, written int) error {
	s := &e.call.states[i]
	took, retries, err := e.commit(ctx, s.repository, e.call.stateKey(i), &e.read[i], e.again(ctx, i))
	e.reply.times = append(e.reply.times, took.start, took.end, took.remote)
	e.reply.count(written, retries)
	return err
}
