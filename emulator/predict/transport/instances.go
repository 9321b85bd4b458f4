package transport

import (
	"fmt"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// Instances of functions live by the rules of the emulation's (instance.Ledger), at the instants of this clock, and
// their starts take what the emulation's builtin functions draw, start by start. A model's chains begin with those of
// Min and no others.

// fleetKey tells the instances of functions apart.
type fleetKey struct {
	node     topology.ID
	function string
	spec     instance.Spec
}

// fleet is the instances of a function on a node.
type fleet struct {
	spec   *instance.Spec
	ledger *instance.Ledger[asker]
}

// fleet gives the instances for an invocation.
func (r *replay) fleet(inv *plan.Invocation) *fleet {
	key := fleetKey{inv.Worker, inv.Function, *inv.Instances}
	f := r.fleets[key]
	if f == nil {
		limits := inv.Instances.Limits
		limits.KeepAlive *= 1000 // picoseconds
		f = &fleet{spec: inv.Instances, ledger: instance.NewLedger[asker](limits)}
		r.fleets[key] = f
		for _, id := range f.ledger.Fill(r.now).Starts {
			f.ledger.Ready(r.now, id)
		}
	}
	return f
}

// ask begins the wait for an instance.
func (r *replay) ask(c *chain, i int) error {
	inv := c.invocations[c.plan.Steps[i].Task]
	if inv == nil || inv.Instances == nil {
		return fmt.Errorf("there is no instance to be waited for")
	}
	f := r.fleet(inv)
	actions, admitted := f.ledger.Ask(r.now, asker{c, i})
	r.act(f, actions)
	if !admitted {
		return fmt.Errorf("function %s on node %s: %w: raise its queue, or max", inv.Function, r.engine.name(inv.Worker),
			instance.ErrFull)
	}
	return nil
}

// act carries out what the ledger says.
func (r *replay) act(f *fleet, a instance.Actions[asker]) {
	for _, g := range a.Grants {
		c, i := g.Request.chain, g.Request.step
		c.steps[i].now = r.now
		c.parts[i] = predict.Parts{Processing: g.Started, Queueing: g.Waited}
		if c.instances == nil {
			c.instances = map[int]int{}
		}
		c.instances[c.plan.Steps[i].Task] = g.Instance
		r.agenda.push(event{at: r.now, kind: stepEnds, chain: c, step: int32(i)})
	}
	for _, id := range a.Starts {
		took := f.spec.Start.Draw(f.spec.Seed, id-f.spec.Min).Nanoseconds() * 1000
		r.agenda.push(event{at: r.now + took, kind: instanceReady, fleet: f, step: int32(id)})
	}
}

// vacate gives the instance of an invocation back with the last step during which that has it.
func (r *replay) vacate(c *chain, i int) {
	inv := c.invocations[c.plan.Steps[i].Task]
	if inv == nil || inv.Instances == nil || c.plan.Occupied(inv) != i {
		return
	}
	f := r.fleet(inv)
	r.act(f, f.ledger.Release(r.now, c.instances[inv.Task]))
}
