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
	if err != nil {
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	carried := c.carried()
	if r.ContentLength != c.argument+carried {
		err := fmt.Errorf("the body has %d bytes, the call %d", r.ContentLength, c.argument+carried)
		a.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	gap := max(0, c.result-c.argument)
	if gap > maxGap {
		gap = 0
	}
	buffer, err := a.receive(w, r, gap, c.argument+carried)
	if err != nil {
		a.refuse(w, r, statusOfBody(err), fmt.Errorf("body: %w", err))
		return
	}
	defer buffer.release()
	front := gap + c.argument
	answer, err := a.execute(r.Context(), c, buffer.data[front:])
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	answer.times = append(answer.times, a.clock.now())
	answer.setHeader(w.Header())
	if c.result <= front {
		respond(w, http.StatusOK, buffer.data[front-c.result:])
		return
	}
	a.respondFilled(w, c.result, buffer.data[front:])
}

// respondFilled sends n bytes of any content, and then data.
func (a *Agent) respondFilled(w http.ResponseWriter, n int64, data []byte) {
	w.Header()["Content-Length"] = []string{strconv.FormatInt(n+int64(len(data)), 10)}
	w.WriteHeader(http.StatusOK)
	for _, part := range a.filling(nil, n) {
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
	read    []value // by index of the call's states: what came from repositories
	reply   reply
}

// execute carries out an invocation that has been received: reads, the function, writes. carried holds
// the contents of the carried states and is changed. The timeline it returns lacks the last moment.
func (a *Agent) execute(ctx context.Context, c *call, carried []byte) (*reply, error) {
	a.counts.invocations.Add(1)
	e := &execution{Agent: a, call: c, carried: carried, read: make([]value, len(c.states))}
	e.reply.times = append(make(timeline, 0, c.moments()), a.clock.now())
	defer e.release()
	for i, s := range c.states {
		if s.location == plan.Repository {
			if err := e.fetchOf(ctx, i); err != nil {
				return nil, fmt.Errorf("reading %s: %w", c.stateKey(i), err)
			}
		}
	}
	start := a.clock.now()
	done, err := a.compute(c.ops, c.load, ctx.Done(), e.changeAll)
	if err != nil {
		if errors.Is(err, errCorrupt) {
			a.counts.corrupt.Add(1)
		}
		return nil, err
	}
	if !done {
		return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	e.reply.times = append(e.reply.times, start, a.clock.now())
	for i, s := range c.states {
		if s.location != plan.Repository {
			continue
		}
		if err := e.storeOf(ctx, i); errors.Is(err, errConflict) {
			e.reply.conflicts++ // the update is lost; the check at the end of the chain says so
		} else if err != nil {
			return nil, fmt.Errorf("writing %s: %w", c.stateKey(i), err)
		}
	}
	return &e.reply, nil
}

func (e *execution) release() {
	for _, v := range e.read {
		v.content.release()
	}
}

// changeAll makes the next version of every state of the call.
func (e *execution) changeAll() error {
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
			if err := e.states.update(key, e.change); err != nil {
				return err
			}
		case plan.Repository:
			v := &e.read[i]
			next, sum, err := e.change(key, v.content.data, v.version, v.sum)
			if err != nil {
				return err
			}
			v.version, v.sum = next, sum
		}
	}
	return nil
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

// storeOf writes a changed state of the call back to its repository.
func (e *execution) storeOf(ctx context.Context, i int) error {
	took, err := e.store(ctx, e.call.states[i].repository, e.call.stateKey(i), e.read[i])
	e.reply.times = append(e.reply.times, took.start, took.end, took.remote)
	return err
}
