package faas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"testbed/emulator/plan"
)

// chain is a chain that is being carried out.
type chain struct {
	*Agent
	spec   *ChainSpec
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup

	mu      sync.Mutex
	pending []int // by invocation: how many it still waits for
	result  *ChainResult
	results []*blob // by invocation: a program's, where another takes it
	steps   []StepResult
	finish  []bool            // by step: it has been measured
	moved   []*InvocationSpec // by invocation: at the worker that was picked; nil: none was yet
}

// runChain carries out a plan's invocations, each as soon as those before it are finished. A chain ends
// at its first error. Failures are part of the result.
func (a *Agent) runChain(ctx context.Context, spec *ChainSpec) (*ChainResult, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	a.counts.chains.Add(1)
	if spec.Chained() {
		return a.runChained(ctx, spec)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	steps := spec.measured()
	c := &chain{
		Agent: a, spec: spec, cancel: cancel, pending: make([]int, len(spec.Invocations)),
		steps: make([]StepResult, steps), finish: make([]bool, steps), moved: make([]*InvocationSpec, len(spec.Invocations)),
		result: &ChainResult{Key: spec.Key, Job: spec.Job, Model: spec.Model}, results: make([]*blob, len(spec.Invocations)),
	}
	defer c.forget()
	for i, inv := range spec.Invocations {
		c.pending[i] = len(inv.After)
	}
	c.result.Start = a.clock.moment()
	c.proceed(ctx, c.ready(-1))
	c.wait.Wait()
	c.result.End = a.clock.moment()
	c.result.Workers = c.workers()
	for i, done := range c.finish {
		if done {
			c.result.Steps = append(c.result.Steps, c.steps[i])
		}
	}
	return c.result, nil
}

// ready lists the invocations that wait for nothing now that one has finished; -1: at the start.
func (c *chain) ready(finished int) []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ready []int
	for i, inv := range c.spec.Invocations {
		if finished < 0 && c.pending[i] == 0 {
			ready = append(ready, i)
		} else if finished >= 0 && slices.Contains(inv.After, finished) {
			if c.pending[i]--; c.pending[i] == 0 {
				ready = append(ready, i)
			}
		}
	}
	return ready
}

// proceed runs the invocations that are ready and all that follow: the first one on this goroutine, so
// that a line needs no other.
func (c *chain) proceed(ctx context.Context, ready []int) {
	for len(ready) > 0 && ctx.Err() == nil {
		for _, i := range ready[1:] {
			c.wait.Go(func() { c.proceed(ctx, []int{i}) })
		}
		i := ready[0]
		if err := c.invoke(ctx, i); err != nil {
			inv := c.carriedOut(i)
			c.fail(fmt.Errorf("invocation %d (function %s at %s): %w", i, inv.Function, or(inv.Worker, "the client"), err))
			return
		}
		ready = c.ready(i)
	}
	if ctx.Err() != nil {
		c.fail(context.Cause(ctx))
	}
}

func (c *chain) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.result.Error == "" {
		text := err.Error()
		c.result.Error = text[:min(len(text), 2*maxReason)]
		c.cancel(err)
	}
}

// invoke carries out one invocation: the carried states go along, and what comes back replaces them.
func (c *chain) invoke(ctx context.Context, index int) error {
	inv := &c.spec.Invocations[index]
	call := inv.call(c.spec.Key)
	call.lasting = c.spec.lastingOf(inv)
	asked := c.clock.moment()
	giveBack, waited, err := c.turns.take(ctx, call)
	defer giveBack()
	if err != nil {
		return err
	}
	argument, err := c.give(inv, call)
	defer argument.release()
	if err != nil {
		return err
	}
	values, err := c.pack(call)
	defer func() { releaseValues(values) }()
	if err != nil {
		return err
	}
	own, err := c.fetchAll(ctx, inv)
	defer func() { releaseAll(own) }()
	if err != nil {
		return err
	}
	changed := c.changeAll(own)
	inv, ended := c.pick(index, call)
	start := c.clock.moment()
	if waited { // for its states: it is part of the request
		start = asked
	}
	back, err := c.reach(ctx, inv, call, values)
	ended(&back.response, err)
	if broken := changed(); err != nil || broken != nil {
		release(back.states)
		return errors.Join(err, broken)
	}
	end := c.clock.moment()
	defer back.result.release()
	if err := back.times.within(start, end); err != nil {
		release(back.states)
		return err
	}
	conflicts, err := c.unpack(call, values, back.response)
	if err != nil {
		return err
	}
	cold, err := c.storeAll(ctx, inv, own)
	if err != nil {
		return err
	}
	program := c.programResult(index, call, &back.response)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addProgram(program)
	c.keep(index, back.result)
	c.count(&back, conflicts, cold)
	c.note(inv, &back, span{start: start, end: end}, own)
	return nil
}

func (inv *InvocationSpec) call(key string) *call {
	c := &call{
		key: key, task: inv.Task, function: inv.Function, argument: inv.Argument, result: inv.Result,
		ops: inv.Ops, load: inv.Load, instances: inv.Instances, scaled: inv.Instances != nil,
		program: inv.Program,
	}
	for _, s := range inv.States {
		if s.ByClient {
			continue // the worker knows nothing of it
		}
		c.states = append(c.states, callState{state: s.State, bytes: s.Bytes, location: s.Location, repository: s.Repository,
			contested: s.Contested, store: s.Store})
	}
	return c
}

// pack takes the client's copies of the states that travel along, and puts their versions into the call.
func (c *chain) pack(call *call) (values []value, err error) {
	for i := range call.states {
		s := &call.states[i]
		if s.location != plan.Carried {
			continue
		}
		v, err := c.states.get(call.stateKey(i))
		if err != nil {
			return values, fmt.Errorf("the client's copy: %w", err)
		}
		values = append(values, v)
		if call.program {
			s.bytes = int64(len(v.content.data))
		} else if int64(len(v.content.data)) != s.bytes {
			have := len(v.content.data)
			return values, fmt.Errorf("the client's copy of state %d has %d bytes, not %d", s.state, have, s.bytes)
		}
		s.version, s.sum = v.version, v.sum
	}
	return values, call.checkSizes()
}

// unpack replaces the client's copies. It counts those that somebody else has replaced in between.
func (c *chain) unpack(call *call, sent []value, back response) (conflicts int, err error) {
	if len(back.carried) != len(sent) || len(back.states) != len(sent) {
		release(back.states)
		return 0, fmt.Errorf("%d states came back of %d", len(back.carried), len(sent))
	}
	n := 0
	for i, s := range call.states {
		if s.location != plan.Carried {
			continue
		}
		next := value{back.states[n], back.carried[n].version, back.carried[n].sum}
		if err := c.states.put(call.stateKey(i), sent[n].version, next); err != nil {
			conflicts++
			c.counts.conflicts.Add(1)
		}
		n++
	}
	return conflicts, nil
}

// note enters an invocation's moments. The caller holds mu.
func (c *chain) note(inv *InvocationSpec, back *reached, whole span, own []fetched) {
	roles := withStart(stepRoles(inv.States), inv.Instances)
	t := back.times
	rest, written := t[1:], 0
	for i, index := range inv.Steps {
		s := StepResult{Index: index, Role: roles[i]}
		last := i - (len(roles) - len(own)) // among the client's writes
		switch {
		case i < len(own):
			s.Start, s.End, s.Remote = own[i].read.start, own[i].read.end, own[i].read.remote
		case last >= 0:
			s.Start, s.End, s.Remote = own[last].write.start, own[last].write.end, own[last].write.remote
			s.Retries = own[last].retries
		case s.Role == plan.Request:
			s.Start, s.End, s.Cold = whole.start, t[0], back.cold
			s.Held, s.Moved = back.held, back.sent
		case s.Role == plan.Start:
			s, rest = span{rest[0], rest[1], rest[2]}.step(index), rest[3:]
		case s.Role == plan.Read || s.Role == plan.Write:
			s.Start, s.End, s.Remote, rest = rest[0], rest[1], rest[2], rest[3:]
			if s.Role == plan.Write {
				written++
				s.Retries = back.repeated(written)
			}
		case s.Role == plan.Execute:
			s.Start, s.End, rest = rest[0], rest[1], rest[2:]
			s.Retries = back.repeated(0)
		default:
			s.Start, s.End = rest[0], whole.end
		}
		c.steps[index], c.finish[index] = s, true
	}
}

// count adds an invocation's conflicts and cold starts, cold of them the client's own. The caller holds mu.
func (c *chain) count(back *reached, conflicts, cold int) {
	c.result.Conflicts += conflicts
	c.result.Cold += cold
	if back.cold {
		c.result.Cold++
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
