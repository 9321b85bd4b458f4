package plan

import (
	"slices"

	"testbed/emulator/faas/instance"
	"testbed/emulator/topology"
)

// Lives say how the instances of a function on a node live; a nil result: there is always one that is warm.
type Lives func(function string, node topology.ID) *instance.Spec

// instance adds the wait for an instance of the function, where that is not always warm: before its states are read,
// for it is the function that reads them.
func (b *Builder) instance(inv *Invocation, after []int) []int {
	if b.lives != nil {
		inv.Instances = b.lives(inv.Function, inv.Worker)
	}
	if inv.Instances == nil {
		return after
	}
	after = b.Step(Step{
		Kind: Wait, Role: Start, Task: inv.Task, From: inv.Worker, To: inv.Worker, State: -1, Pair: b.NextPair(),
	}, after)
	inv.Steps = append(inv.Steps, after[0])
	return after
}

// Occupied is the last of an invocation's steps during which it has its instance: its execution or, where the worker
// writes states after it, the last of these; -1: it has no instance of its own.
func (p *Plan) Occupied(inv *Invocation) int {
	last := -1
	if inv.Instances == nil {
		return last
	}
	for _, i := range inv.Steps {
		if p.Steps[i].Role == Response {
			break
		}
		last = i
	}
	return last
}

// Scaled says whether an invocation may have to wait for an instance of its function.
func (p *Plan) Scaled() bool {
	return slices.ContainsFunc(p.Invocations, func(inv Invocation) bool { return inv.Instances != nil })
}
