package faas

import (
	"context"
	"errors"
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
	at     int64 // when it ended, in ns; 0: it is under way

	program bool   // whose result is in no reply, and stays where it was executed
	result  []byte // of a program
	kept    int64  // bytes that it has of the budget
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
	if err := a.admit(ctx, r, c); err != nil {
		return nil, err
	}
	defer r.leave()
	detached, cancel := context.WithCancelCause(a.context)
	defer cancel(nil)
	one, first, err := a.begin(r, c, cancel)
	if err != nil {
		return nil, err
	}
	if first {
		since := a.clock.now()
		one.reply, one.err = a.execute(detached, c, carried)
		r.saw(since, a.clock.now())
		r.ended(c, one, a.clock.now())
		close(one.done)
	}
	if err := one.wait(ctx); err != nil {
		return nil, err
	}
	again := *one.reply
	again.times = slices.Clone(again.times)
	return &again, nil
}

// admit lets a call in at its instance, after waiting while that is held; r.leave ends it. It fails with a movedError
// where the instance is elsewhere.
func (a *Agent) admit(ctx context.Context, r *resident, c *call) error {
	if err := r.enter(ctx, c.seat.Epoch, a.clock.moment); err != nil {
		return err
	}
	c.suffix = r.suffix()
	return nil
}

// wait returns when the call has ended, with its error, or when ctx has.
func (o *onceCall) wait(ctx context.Context) error {
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin finds a call that was here before, or enters it.
func (r *resident) begin(c *call, cancel context.CancelCauseFunc) (one *onceCall, first bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := c.onceKey()
	if one = r.calls.all[key]; one != nil {
		return one, false, nil
	}
	one = &onceCall{done: make(chan struct{}), cancel: cancel, program: c.program}
	return one, true, r.calls.add(key, one)
}

// ended forgets a call that failed: nothing is known of what it has left.
func (r *resident) ended(c *call, one *onceCall, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.at = at
	if key := c.onceKey(); one.err != nil && r.calls.all[key] == one {
		r.calls.remove(key)
	}
}

// begin enters a call, after forgetting the calls of chains that must have ended where there is no room for another.
func (a *Agent) begin(r *resident, c *call, cancel context.CancelCauseFunc) (one *onceCall, first bool, err error) {
	if one, first, err = r.begin(c, cancel); !errors.Is(err, errFull) {
		return one, first, err
	}
	a.residents.expire(a.clock.now() - ChainTime.Nanoseconds())
	return r.begin(c, cancel)
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
	for key, one := range r.calls.all {
		if one.reply != nil && !one.program {
			all = append(all, callDone{key, one.reply.times, one.reply.retries})
		}
	}
	return all
}

// Bounds of what is believed of a call: moments and retries of one with as many states as there may be.
const (
	maxMoments = 6 + 6*maxStates
	maxCounts  = 1 + maxStates
)

func (d *callDone) validate() error {
	if len(d.Times)%3 != 0 || len(d.Times) > maxMoments || len(d.Retries) > maxCounts {
		// of a call of states that are all the worker's own it is three, but for the last moment
		return fmt.Errorf("call %.150s: %d moments, %d retries", d.Key, len(d.Times), len(d.Retries))
	}
	return checkStateKey(d.Key)
}

// remember enters what calledBefore has said.
func (b *callBook) remember(all []callDone, at int64) error {
	done := make(chan struct{})
	close(done)
	for _, d := range all {
		one := &onceCall{
			done: done, cancel: func(error) {}, reply: &reply{times: d.Times, retries: d.Retries}, at: at,
		}
		if err := b.add(d.Key, one); err != nil {
			b.leave()
			return err
		}
	}
	return nil
}
