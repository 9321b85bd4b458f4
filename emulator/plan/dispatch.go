package plan

import (
	"fmt"
	"slices"

	"testbed/emulator/dispatch"
	"testbed/emulator/faas/instance"
	"testbed/emulator/topology"
)

// Dispatched lets a dispatcher pick the worker of each invocation when it is made, of the candidates given. Until then
// an invocation's worker is the one that placement has chosen. seed is the scenario's, of the starts of instances.
// Where an invocation's states are at its worker, or workers call each other, the plan stays as it is, and false is
// returned.
func (p *Plan) Dispatched(c dispatch.Choice, seed uint64, candidates func(*Invocation) []topology.ID) bool {
	if c.Fixed || p.Messages != nil || len(p.Invocations) == 0 || slices.ContainsFunc(p.Invocations, bound) {
		return false
	}
	p.Dispatch, p.Seed = &c, seed
	for i := range p.Invocations {
		p.Invocations[i].Candidates = candidates(&p.Invocations[i])
	}
	return true
}

// bound says whether an invocation is bound to its worker by a state.
func bound(inv Invocation) bool {
	return slices.ContainsFunc(inv.States, func(s Access) bool { return s.Location == Local || s.Location == Fetched })
}

// Movable is the plan with steps and invocations of its own, whose workers can be changed.
func (p *Plan) Movable() *Plan {
	own := *p
	own.Steps, own.Invocations = slices.Clone(p.Steps), slices.Clone(p.Invocations)
	return &own
}

// Move lets an invocation of a movable plan execute at a worker that was picked.
func (p *Plan) Move(invocation int, worker topology.ID) {
	inv := &p.Invocations[invocation]
	inv.Instances = InstancesAt(inv.Instances, p.Seed, inv.Function, worker)
	p.locate(inv, worker)
}

// Follow lets an invocation of a movable plan execute at the worker that its instance has moved to, with its states.
func (p *Plan) Follow(invocation int, worker topology.ID) {
	inv := &p.Invocations[invocation]
	inv.States = slices.Clone(inv.States)
	for i := range inv.States {
		if inv.States[i].Location == Local {
			inv.States[i].Node = worker
		}
	}
	p.locate(inv, worker)
}

// locate moves an invocation's steps.
func (p *Plan) locate(inv *Invocation, worker topology.ID) {
	inv.Worker = worker
	for _, i := range inv.Steps {
		switch s := &p.Steps[i]; s.Role {
		case Request:
			s.To = worker
		case Execute, Start:
			s.From, s.To = worker, worker
		case Response:
			s.From = worker
		case Read, Write:
			if p.byClient(inv, s.State) {
				continue
			}
			if s.Role == Read {
				s.To = worker
			} else {
				s.From = worker
			}
		}
	}
}

func (p *Plan) byClient(inv *Invocation, state int) bool {
	return slices.ContainsFunc(inv.States, func(a Access) bool { return a.State == state && a.ByClient })
}

// Moved is the plan with the workers that were picked, by invocation; the plan itself where none were, or where they
// are not of the plan's number.
func (p *Plan) Moved(workers []topology.ID) *Plan {
	if p.Dispatch == nil || len(workers) != len(p.Invocations) {
		return p
	}
	own := p.Movable()
	for i, worker := range workers {
		own.Move(i, worker)
	}
	return own
}

// Unbound says why a model's functions cannot be dispatched; nil: they can.
func (r Rule) Unbound() error {
	if r.Chained != nil {
		return fmt.Errorf("model %s: its workers call each other, and know the next one beforehand", r.Model)
	}
	if location, _ := r.Locate(0, 1, Sites{Cloud: 2, Central: 3}); location == Local {
		return fmt.Errorf("model %s: its state is at one worker", r.Model)
	}
	return nil
}

// InstancesAt is how the instances of a function live on another node: by the same rules, with starts of their own.
// seed is the scenario's.
func InstancesAt(spec *instance.Spec, seed uint64, function string, node topology.ID) *instance.Spec {
	if spec == nil {
		return nil
	}
	own := *spec
	own.Seed = instance.For(seed, function, int(node))
	return &own
}

// Workers are the nodes that may execute the invocation.
func (inv *Invocation) Workers() []topology.ID {
	if len(inv.Candidates) > 0 {
		return inv.Candidates
	}
	return []topology.ID{inv.Worker}
}
