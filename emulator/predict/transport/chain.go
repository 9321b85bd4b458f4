package transport

import (
	"cmp"
	"fmt"
	"math"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// chain is a plan that is carried out.
type chain struct {
	plan        *plan.Plan
	at          int // which of the predictions is its own
	begin       int64
	evaluation  *predict.Evaluation
	invocations map[int]*plan.Invocation // by task
	answered    map[int]bool             // pairs of which there is a response, for which their request's connection waits
	held        map[int]*connection      // by pair, those that wait
	parts       []predict.Parts
	steps       []progress
	versions    *versions
	under       int         // steps under way
	members     []member    // what steps of states with replicas do with each of them
	instances   map[int]int // by task, those that invocations have
	picked      []picked
	residents   map[int]*resident // by task, the stateful instances that execute invocations
	mover       *mover            // it is no chain, but the messages of a move
}

// begin begins a chain at the time.
func (r *replay) start(c *chain, now int64) error {
	if r.engine.options.Fresh {
		clear(r.pools)
	}
	if c.plan.Dispatch != nil {
		c.plan, c.picked = c.plan.Movable(), make([]picked, len(c.plan.Invocations))
	}
	r.seat(c)
	p := c.plan
	var err error
	if c.evaluation, err = predict.NewEvaluation(p); err != nil {
		return err
	}
	c.begin = now
	c.invocations, c.answered, c.held = map[int]*plan.Invocation{}, map[int]bool{}, map[int]*connection{}
	for i := range p.Invocations {
		c.invocations[p.Invocations[i].Task] = &p.Invocations[i]
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Kind == plan.Transfer && s.Role == plan.Response {
			c.answered[s.Pair] = true
		}
	}
	c.versions = newVersions(p, r.shared)
	c.parts, c.steps = make([]predict.Parts, len(p.Steps)), make([]progress, len(p.Steps))
	return r.proceed(c)
}

// proceed lets those steps begin that wait for nothing any more, or ends the chain.
func (r *replay) proceed(c *chain) error {
	for i := c.evaluation.Next(); i >= 0; i = c.evaluation.Next() {
		c.under++
		at := c.begin + int64(math.Round(c.evaluation.Start(i)*float64(second)))
		c.steps[i].now = at
		r.agenda.push(event{at: at, kind: stepBegins, chain: c, step: int32(i)})
	}
	if c.under > 0 {
		return nil
	}
	return r.end(c)
}

// begin begins a step.
func (r *replay) begin(c *chain, i int) error {
	step := &c.plan.Steps[i]
	switch step.Role {
	case plan.Request:
		if !r.takeTurn(c, i) {
			return nil
		}
		r.pick(c, i)
		r.address(c, i)
	case plan.Response:
		r.responds(c, i)
	}
	var err error
	if step.Kind == plan.Wait {
		err = r.ask(c, i)
	} else if step.Kind == plan.Compute {
		err = r.compute(c, i)
	} else if len(step.Replicas) > 0 {
		err = r.beginReplicas(c, i)
	} else if err = r.check(step); err == nil {
		if step.From == step.To {
			c.parts[i].Host = frameTime(c.copied(step), r.engine.options.CopyRate)
			c.steps[i].now += c.parts[i].Host
			c.within(i)
		} else {
			r.prepare(c, i)
		}
		r.proceedStep(c, i)
	}
	if err != nil {
		return c.evaluation.Failed(i, err)
	}
	return nil
}

// proceedStep sends the step's next message, or ends it.
func (r *replay) proceedStep(c *chain, i int) {
	p := &c.steps[i]
	r.arrived(c, i)
	if p.errandsLeft() {
		if e := p.at(p.next); e.kind != work {
			r.send(c, i, e)
		} else {
			r.computeAgain(c, i)
		}
	} else {
		r.agenda.push(event{at: p.now, kind: stepEnds, chain: c, step: int32(i)})
	}
}

// delivered is the end of a message: f has taken so long until it was there.
func (r *replay) delivered(f *flow, took int64) {
	c, i, o := f.chain, int(f.step), &r.engine.options
	p, parts := &c.steps[i], &c.parts[i]
	e := p.at(p.next)
	var one predict.Parts
	if e.kind != setUp {
		one.Host = r.drawn(o.PerMessage) + frameTime(f.size, o.HostRate)
	}
	one.Propagation, one.Serialisation = f.route.straight((f.size+f.route.mss-1)/f.route.mss, int(f.last))
	one.SlowStart = f.alone - one.Propagation - one.Serialisation
	if one.Queueing = took - f.alone; one.Queueing < 0 { // others made it grow its window, say, or drop what came before
		one.SlowStart, one.Queueing = one.SlowStart+one.Queueing, 0
	}
	if one.SlowStart < 0 { // long transfers are not calculated to the picosecond: see collapse.go
		one.Serialisation, one.SlowStart = one.Serialisation+one.SlowStart, 0
	}
	if one.Serialisation < 0 { // a trace's delay was below its mean
		one.Propagation, one.Serialisation = one.Propagation+one.Serialisation, 0
	}
	one.Queueing += r.outages(f, e, p.now, one.Sum(), 2*one.Propagation)
	if p.again != nil {
		p.waited(parts, one.Sum())
	} else if p.now += one.Sum(); e.kind == body {
		one.RoundTrip, one.Queueing = parts.RoundTrip, one.Queueing+parts.Queueing
		*parts = one
	} else {
		parts.RoundTrip += one.Sum() - one.Queueing
		parts.Queueing += one.Queueing
	}
	p.next++
	r.agenda.push(event{at: p.now, kind: messageThere, chain: c, step: f.step})
}

// finish ends a step that took what its parts say.
func (r *replay) finish(c *chain, i int) error {
	if c.mover != nil {
		r.said(c.mover)
		return nil
	}
	if c.isMember(i) {
		return r.memberEnds(c, i)
	}
	p := &c.steps[i]
	if s := &c.plan.Steps[i]; s.Kind == plan.Compute {
		if !r.executed(c, i) {
			return nil
		}
		r.changed(c, i)
	} else if s.Role == plan.Request && !r.received(c, i) {
		return nil
	} else if s.Role == plan.Write && !r.written(c, i) {
		r.proceedStep(c, i)
		return nil
	}
	if p.last != nil {
		r.give(p.last)
	}
	if c.plan.Steps[i].Role == plan.Response {
		r.giveTurn(c, i)
	}
	r.over(c, i)
	r.vacate(c, i)
	return r.ended(c, i, cmp.Or(p.took, float64(c.parts[i].Sum())/float64(second)))
}

// ended ends a step that took so many seconds.
func (r *replay) ended(c *chain, i int, took float64) error {
	c.under--
	c.evaluation.End(i, took)
	return r.proceed(c)
}

// end ends a chain, and lets the next begin where a user waits for that.
func (r *replay) end(c *chain) error {
	schedule, err := c.evaluation.Schedule()
	if err != nil {
		return err
	}
	for _, at := range c.held {
		r.give(at)
	}
	r.unseat(c)
	p := c.plan
	end := c.begin + int64(math.Ceil(schedule.Total*float64(second)))
	if end > longest {
		return fmt.Errorf("plan of %s (%s): %w", p.Job, p.Model, ErrTooLong)
	}
	out := predict.Prediction{
		Engine: r.engine.Name(), Job: p.Job, Index: p.Index, Model: p.Model,
		Total: schedule.Total, Steps: schedule.Steps, Parts: c.parts[:len(p.Steps)], Workers: c.workers(),
		Traffic: p.Traffic(func(a, b topology.ID) int { return r.routes.find(a, b).length }),
	}
	out.Network, out.Processing = split(schedule, p, out.Parts)
	r.predictions[c.at] = out
	r.open--
	r.clock = max(r.clock, end)
	if len(r.waiting) > 0 {
		r.admit(r.waiting[0], end+r.drawn(r.engine.options.Arrivals.Pause))
		r.waiting = r.waiting[1:]
	}
	return nil
}
