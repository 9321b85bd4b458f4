package faas

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// part is a node's part of a chain under way in which workers call each other.
type part struct {
	*Agent
	spec   *ChainSpec
	node   topology.ID
	ctx    context.Context // ends with the chain: what it does goes on between messages
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when all messages to the client are there, or something has failed

	mu      sync.Mutex
	waits   map[int]int    // by invocation (-1: the client): how many messages to it are not there yet
	got     map[int]*cargo // by invocation: what came with those that are, before it begins
	arrived map[int]bool   // by message: it is there, or on its way in
	steps   map[int]StepResult
	failure error
	begun   bool // by the client
	closed  bool // done is
	active  int  // invocations and messages at work
	settled chan struct{}
}

// expect admits a message, once.
func (p *part) expect(message int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if message >= len(p.spec.Messages) {
		return fmt.Errorf("there is no message %d: %w", message, errUnknownChain)
	}
	m := &p.spec.Messages[message]
	from, _ := p.spec.at(m.From)
	if to, _ := p.spec.at(m.To); to != p.node || from == p.node {
		return fmt.Errorf("message %d is not for this node: %w", message, errUnknownChain)
	}
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if p.arrived[message] {
		return errAgain
	}
	p.arrived[message] = true
	return nil
}

// unexpect lets a message come again that did not arrive.
func (p *part) unexpect(message int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.arrived, message)
}

// arrive takes a message in at an instant, with what came with it, and lets what waited for it begin.
func (p *part) arrive(message int, at int64, with *cargo) {
	m := &p.spec.Messages[message]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		with.release()
		return
	}
	p.note(StepResult{Index: m.Step, Role: m.role(), End: at})
	p.waits[m.To]--
	if m.To < 0 {
		p.takeHome(with)
		if p.waits[m.To] == 0 {
			p.finish()
		}
		return
	}
	if before := p.got[m.To]; before != nil {
		before.add(with)
	} else {
		p.got[m.To] = with
	}
	if p.waits[m.To] == 0 {
		all := p.got[m.To]
		delete(p.got, m.To)
		p.active++
		go p.carryOut(m.To, all)
	}
}

// takeHome puts states that have come back in the place of the client's copies. The caller holds mu.
func (p *part) takeHome(with *cargo) {
	release(with.arguments)
	for i, v := range with.states {
		key := stateKey(p.spec.Key, p.spec.Carried[i])
		if err := p.states.keep(key, v); err != nil {
			p.failed(fmt.Errorf("the client's copy: %w", err))
		}
	}
}

// carryOut carries out an invocation all of whose messages are there, and sends what follows.
func (p *part) carryOut(invocation int, with *cargo) {
	defer p.leave()
	defer with.release()
	err := p.execute(invocation, with)
	release(with.arguments) // the function has returned
	with.arguments = nil
	if err != nil {
		p.fail(fmt.Errorf("%s: %w", p.spec.name(invocation), err))
		return
	}
	p.sendFrom(invocation, with.states)
}

// execute reads the states that are elsewhere, runs the function, and stores what it has changed.
func (p *part) execute(invocation int, with *cargo) error {
	p.counts.invocations.Add(1)
	inv := &p.spec.Invocations[invocation]
	e := &execution{Agent: p.Agent, call: inv.call(p.spec.Key), read: make([]value, len(inv.States))}
	e.call.lasting = p.spec.lastingOf(inv)
	defer e.release()
	steps := inv.Steps
	note := func(role plan.Role, took span, retries int) {
		p.tell(StepResult{
			Index: steps[0], Role: role, Start: took.start, End: took.end, Remote: took.remote, Retries: retries,
		})
		steps = steps[1:]
	}
	in, err := e.occupy(p.ctx, e.call, &e.reply)
	if err != nil {
		return err
	}
	defer in.release()
	if in.lease != nil {
		p.tell(in.took.step(steps[0]))
		steps = steps[1:]
	}
	for i, s := range e.call.states {
		if s.location != plan.Repository && s.location != plan.Fetched {
			continue
		}
		v, took, err := p.fetch(p.ctx, s.repository, e.call.stateKey(i), s.bytes)
		if err != nil {
			return fmt.Errorf("reading %s: %w", e.call.stateKey(i), err)
		}
		e.read[i] = v
		note(plan.Read, took, 0)
	}
	start := p.clock.moment()
	if err := e.run(p.ctx, func() error { return p.changeStates(e, with.states) }); err != nil {
		return err
	}
	if err := e.commitLocal(p.ctx); err != nil {
		return err
	}
	note(plan.Execute, span{start: start, end: p.clock.moment()}, e.reply.repeated(0))
	for i, s := range e.call.states {
		switch s.location {
		case plan.Repository:
			took, retries, err := p.commit(p.ctx, s.repository, e.call.stateKey(i), &e.read[i], e.again(p.ctx, i))
			if err != nil {
				return fmt.Errorf("writing %s: %w", e.call.stateKey(i), err)
			}
			note(plan.Write, took, retries)
		case plan.Fetched:
			if err := p.keep(e.call.stateKey(i), &e.read[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// changeStates makes the next version of every state that the invocation changes, of those that came with the message
// where they are.
func (p *part) changeStates(e *execution, carried []value) error {
	for i, s := range e.call.states {
		var err error
		switch s.location {
		case plan.Local:
			err = e.changeLocal(p.ctx, i)
		case plan.Carried:
			v := &carried[slices.Index(p.spec.Carried, s.state)]
			v.version, v.sum, err = p.change(e.call.stateKey(i), v.content.data, v.version, v.sum)
		default:
			err = e.changeRead(i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keep makes this node the one that used a state last. Where the chain was forgotten, so is the state.
func (p *part) keep(key string, v *value) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	v.content.retain()
	return p.states.keep(key, *v)
}

// note enters what this node knows of a step. The caller holds mu.
func (p *part) note(s StepResult) {
	known := p.steps[s.Index]
	p.steps[s.Index] = known.with(s)
}

// fail ends the node's part with an error.
func (p *part) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed(err)
}

// failed is fail for those who hold mu.
func (p *part) failed(err error) {
	if p.failure == nil && p.ctx.Err() == nil {
		p.failure = err
		p.cancel(err)
		p.finish()
	}
}

// finish lets the client go on. The caller holds mu.
func (p *part) finish() {
	if !p.closed {
		p.closed = true
		close(p.done)
	}
}

// end ends what is under way, and gives back what messages have brought.
func (p *part) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel(why)
	p.finish()
	for invocation, with := range p.got {
		with.release()
		delete(p.got, invocation)
	}
}

// enter counts something that is at work.
func (p *part) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active++
}

// leave counts something off that was at work.
func (p *part) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active--; p.active == 0 && p.settled != nil {
		close(p.settled)
		p.settled = nil
	}
}

// settle waits until nothing is at work any more.
func (p *part) settle(ctx context.Context) {
	p.mu.Lock()
	if p.active > 0 && p.settled == nil {
		p.settled = make(chan struct{})
	}
	settled := p.settled
	p.mu.Unlock()
	if settled != nil {
		select {
		case <-settled:
		case <-ctx.Done():
		}
	}
}

func (p *part) progress() *Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := &Progress{Steps: make([]StepResult, 0, len(p.steps))}
	for _, s := range p.steps {
		all.Steps = append(all.Steps, s)
	}
	slices.SortFunc(all.Steps, func(a, b StepResult) int { return a.Index - b.Index })
	if p.failure != nil {
		all.Failure = shortened(p.failure.Error())
	}
	return all
}
