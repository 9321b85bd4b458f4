package transport

import (
	"fmt"
	"math"

	"testbed/emulator/internal/printable"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// compute begins a function: its operations at the node's speed, which is divided as Options.Compute says.
func (r *replay) compute(c *chain, i int) error {
	step, o := &c.plan.Steps[i], &r.engine.options
	speed := 0.0
	if r.engine.speed != nil {
		speed = r.engine.speed(step.From)
	}
	if !(speed > 0) {
		return fmt.Errorf("node %s has the speed %v operations/s, which must be positive", r.engine.name(step.From), speed)
	}
	load := 1
	if o.Compute == predict.Allotted {
		load = max(load, r.load(c, step))
	}
	took := step.Takes(speed, load) + o.Overhead.Seconds()
	if !(took >= 0 && took < float64(longest/second)) {
		return fmt.Errorf("%s on node %s: %w", printable.Count(step.Ops, "operation"), r.engine.name(step.From), ErrTooLong)
	}
	parts := &c.parts[i]
	parts.Host = o.Overhead.Nanoseconds() * 1000
	parts.Processing = int64(math.Round(took*float64(second))) - parts.Host
	c.contest(i)
	if o.Compute == predict.Shared && divides(step, speed) {
		r.share(r.processor(step.From, speed), float64(step.Ops), c, i, max(r.now, c.steps[i].now))
		return nil
	}
	c.steps[i].took = took
	c.steps[i].now += parts.Sum()
	r.agenda.push(event{at: c.steps[i].now, kind: stepEnds, chain: c, step: int32(i)})
	return nil
}

// divides says whether a computation shares its node's speed with others. A program does not: the node's processors,
// which the host shares out, are not in the model.
func divides(step *plan.Step, speed float64) bool {
	return !step.Program && step.Ops > 0 && !math.IsInf(speed, 0)
}

// load is the number of tasks placed on the node.
func (r *replay) load(c *chain, step *plan.Step) int {
	if inv := c.invocations[step.Task]; inv != nil {
		return inv.Load
	}
	return r.engine.options.Load[step.From]
}

// computed is the end of a function on a processor that others have used, too.
func (r *replay) computed(c *chain, i int, now int64) {
	parts, p := &c.parts[i], &c.steps[i]
	if p.working {
		r.worked(c, i, now-p.now)
		return
	}
	parts.Queueing = max(0, now-p.now-parts.Processing)
	p.now += parts.Sum()
	r.agenda.push(event{at: p.now, kind: stepEnds, chain: c, step: int32(i)})
}

// split divides a schedule's total into what transfers and what executions take on the critical path, as they are
// measured: what the FaaS adds to an execution is in no step that is measured, and so in neither.
func split(s *predict.Schedule, p *plan.Plan, parts []predict.Parts) (network, processing float64) {
	network, processing = s.Split(p)
	for _, i := range s.Critical {
		if p.Steps[i].Kind == plan.Compute {
			processing -= predict.Seconds(parts[i].Host)
		}
	}
	return network, max(0, processing)
}

func (r *replay) processor(id topology.ID, speed float64) *processor {
	p := r.processors[id]
	if p == nil {
		p = &processor{speed: speed}
		r.processors[id] = p
	}
	return p
}
