package replay

import (
	"errors"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// sample turns an outcome into a chain with its steps. A chain that failed has no times, but the steps
// that were measured.
func (r *replay) sample(p *plan.Plan, o outcome) (record.Chain, []record.Step) {
	name, class := r.Name(p.Client)
	tags := r.Tags
	tags.Model, tags.ClientClass, tags.Length = string(p.Model), class, p.Length
	c := record.Chain{
		Tags: tags, Time: o.at, Index: p.Index, Job: p.Job, Client: name, States: len(o.checks), Late: o.late.Seconds(),
		Weight: p.Weight, Host: o.host, Attempt: o.attempt, Disturbed: o.disturbed, Superseded: o.superseded,
	}
	c.Scaled, c.Machine = p.Scaled(), r.machine(p.Client)
	errs := []error{o.err}
	for _, check := range o.checks {
		if err := check.Err(); err != nil {
			c.Lost++
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		c.Error = err.Error()
	}
	if o.result != nil && o.result.Workers != nil {
		p, c.Picked, c.Foreseen = r.picked(p, o.result.Workers)
	}
	c.Programs, c.StateDigests = programsOf(p, o)
	bytes := moved(p, o.result)
	c.Bytes = between(p, bytes)
	var predicted []float64
	if r.Predict != nil {
		c.Predicted, predicted = r.Predict(p)
	}
	if o.result == nil {
		return c, nil
	}
	if c.Foreseen < c.Picked {
		predicted = nil // it is of steps between other nodes
	}
	c.Start, c.Conflicts, c.Cold = o.result.Start, o.result.Conflicts, o.result.Cold
	c.Retries, c.Starts = o.result.Retries(), o.result.Starts()
	for _, s := range o.result.Steps {
		if s.Retries > 0 {
			c.Bytes = units.Add(c.Bytes, units.Mul(int64(s.Retries), p.Repeated(s.Index)))
		}
	}
	if o.err == nil {
		c.Measured = times(p, o.result)
	}
	return c, r.steps(p, o, tags, predicted, bytes)
}

// times are a chain's: of branches, which overlap, its parts are those of the critical path.
func times(p *plan.Plan, result *faas.ChainResult) record.Times {
	steps := make(map[int]*faas.StepResult, len(result.Steps))
	for i := range result.Steps {
		steps[result.Steps[i].Index] = &result.Steps[i]
	}
	var network, processing, start time.Duration
	for _, i := range p.Critical(func(i int) (int64, bool) {
		if s := steps[i]; s != nil {
			return s.End, true
		}
		return 0, false
	}) {
		switch s := steps[i]; s.Role {
		case plan.Execute:
			processing += s.Duration()
		case plan.Start:
			start += s.Duration()
		default:
			network += s.Duration()
		}
	}
	return record.Times{
		Latency: result.Latency().Seconds(), Network: network.Seconds(), Processing: processing.Seconds(),
		Start: start.Seconds(),
	}
}

func (r *replay) steps(p *plan.Plan, o outcome, tags record.Tags, predicted []float64, bytes []int64,
) []record.Step {
	var steps []record.Step
	for _, s := range o.result.Steps {
		planned := p.Steps[s.Index]
		from, _ := r.Name(planned.From)
		to, _ := r.Name(planned.To)
		step := record.Step{
			Tags: tags, Time: o.at.Add(time.Duration(s.Start - o.result.End)), Chain: p.Index, Job: p.Job, Index: s.Index,
			Task: planned.Task, Role: s.Role.String(), From: from, To: to, Bytes: bytes[s.Index], Ops: planned.Ops,
			Offset: time.Duration(s.Start - o.result.Start).Seconds(), Duration: s.Duration().Seconds(),
			Retries: s.Retries, Held: time.Duration(s.Held).Seconds(), Moved: s.Moved,
			Superseded: o.superseded, Start: time.Duration(s.Started).Seconds(),
		}
		if s.Remote != 0 {
			step.Remote = time.Duration(s.Remote - s.Start).Seconds()
		}
		step.FromMachine, step.ToMachine = r.machine(planned.From), r.machine(planned.To)
		if step.FromMachine != step.ToMachine && r.ClockError != nil {
			step.ClockError = r.ClockError().Seconds()
		}
		if s.Index < len(predicted) {
			step.Predicted = &predicted[s.Index]
		}
		steps = append(steps, step)
	}
	return steps
}

// machine is the name of the machine that a node is on; empty: there is one.
func (r *replay) machine(id topology.ID) string {
	if r.Machine == nil {
		return ""
	}
	return r.Machine(id)
}
