package faas

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// onceCall is an invocation of an instance: its caller may send it again, where a connection broke or the instance went
// elsewhere, and it is executed once.
type onceCall struct {
	done   chan struct{} // closed when it has ended
	cancel context.CancelCauseFunc
	reply  *reply // nil: it failed, or is under way
	err    error
}

// onceKey tells an instance's calls apart.
func (c *call) onceKey() string { return c.key + "/" + strconv.Itoa(c.task) }

// invoke executes a call. One for an instance waits while that is held, fails with a movedError where it is elsewhere,
// and is executed once however often it comes: then the reply is that of the first time. It goes on when its caller has
// gone.
func (a *Agent) invoke(ctx context.Context, c *call, carried []byte) (*reply, error) {
	r, err := a.residents.of(c)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return a.execute(ctx, c, carried)
	}
	if err := r.enter(ctx, c.seat.Epoch, a.clock.now); err != nil {
		return nil, err
	}
	defer r.leave()
	c.suffix = r.suffix()
	detached, cancel := context.WithCancelCause(a.context)
	defer cancel(nil)
	one, first := r.begin(c, cancel)
	if first {
		since := a.clock.now()
		one.reply, one.err = a.execute(detached, c, carried)
		r.saw(since, a.clock.now())
		r.ended(c, one)
		close(one.done)
	}
	select {
	case <-one.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if one.err != nil {
		return nil, one.err
	}
	again := *one.reply
	again.times = slices.Clone(again.times)
	return &again, nil
}

// begin finds a call that was here before, or enters it.
func (r *resident) begin(c *call, cancel context.CancelCauseFunc) (one *onceCall, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := c.onceKey()
	if one = r.calls[key]; one != nil {
		return one, false
	}
	one = &onceCall{done: make(chan struct{}), cancel: cancel}
	r.calls[key] = one
	return one, true
}

// ended forgets a call that failed: nothing is known of what it has left.
func (r *resident) ended(c *call, one *onceCall) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := c.onceKey(); one.err != nil && r.calls[key] == one {
		delete(r.calls, key)
	}
}

// callDone is an invocation that an instance has executed for a chain that is under way. It moves with the instance.
type callDone struct {
	Key     string  `json:"key"` // the chain's, / and the task
	Times   []int64 `json:"times"`
	Retries []int   `json:"retries,omitempty"`
}

// calledBefore lists the calls that were executed. The instance is held.
func (r *resident) calledBefore() []callDone {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []callDone
	for key, one := range r.calls {
		if one.reply != nil {
			all = append(all, callDone{key, one.reply.times, one.reply.retries})
		}
	}
	return all
}

// remember turns what calledBefore has said into calls.
func remember(all []callDone) (map[string]*onceCall, error) {
	calls := make(map[string]*onceCall, len(all))
	done := make(chan struct{})
	close(done)
	for _, d := range all {
		if err := checkStateKey(d.Key); err != nil {
			return nil, err
		}
		if len(d.Times)%3 != 0 { // a call of states that are all the worker's own, but for the last moment
			return nil, fmt.Errorf("call %s: %d moments", d.Key, len(d.Times))
		}
		calls[d.Key] = &onceCall{done: done, cancel: func(error) {}, reply: &reply{times: d.Times, retries: d.Retries}}
	}
	return calls, nil
}
