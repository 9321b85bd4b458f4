package plan

import (
	"testbed/emulator/placement"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// StateAccess says who talks to a state's repository.
type StateAccess string

// Who reads and writes the repository in the models external and in-edge.
const (
	ByWorker StateAccess = "worker" // as the study's text says
	ByClient StateAccess = "client" // as the published simulator charges it
)

// Build turns the job of the given index into a plan. With ByClient the repository's transfers are
// charged between client and repository; such a plan can be predicted, not carried out. Models that are
// not Emulated have steps, but no invocations.
func Build(jobs []workload.Job, index int, m Model, place *placement.Placement, sites Sites, access StateAccess) *Plan {
	job := &jobs[index]
	b := builder{job: job, nodes: place.Node[index], plan: &Plan{
		Job: job.Name, Index: index, Model: m, Client: place.Client[index],
		Length: job.Length(), StateBytes: job.States,
	}}
	switch m {
	case StatePropagate:
		b.propagate(place.Load)
	case StateLocal:
		b.local(place.Load)
	default:
		b.unchained(m, place.Load, sites, access)
	}
	return b.plan
}

type builder struct {
	job   *workload.Job
	nodes []topology.ID // nodes[task]
	plan  *Plan
	pair  int
}

// unchained builds the models in which the client calls every function itself.
func (b *builder) unchained(m Model, load map[topology.ID]int, sites Sites, access StateAccess) {
	last := make([]int, len(b.job.Tasks)) // last[task]: its final step
	for i, task := range b.job.Tasks {
		worker := b.nodes[i]
		inv := Invocation{
			Task: i, Function: task.Function, Caller: b.plan.Client, Worker: worker,
			Argument: task.Argument, Result: b.job.Output(i), Ops: task.Ops, Load: load[worker], After: task.After,
		}
		for _, s := range task.States {
			location, node := m.locate(b.plan.Client, worker, sites)
			inv.States = append(inv.States, Access{State: s, Bytes: b.job.States[s], Location: location, Node: node})
		}
		if m == PureFaaS {
			// The client does not know which states a function needs, so the others travel as well: as
			// part of the argument and of the result, for the function does not touch them.
			idle := b.job.AllStateBytes() - b.job.StateBytes(task.States)
			inv.Argument, inv.Result = units.Add(inv.Argument, idle), units.Add(inv.Result, idle)
		}
		after := make([]int, 0, len(task.After))
		for _, t := range task.After {
			after = append(after, last[t])
		}
		reader := worker
		if access == ByClient {
			reader = b.plan.Client
		}
		last[i] = b.invocation(&inv, reader, after)
		b.plan.Invocations = append(b.plan.Invocations, inv)
	}
}

// invocation adds the steps of one invocation, one after the other, and returns the last one's index.
func (b *builder) invocation(inv *Invocation, reader topology.ID, after []int) int {
	carried, exchange := int64(0), b.nextPair()
	for _, s := range inv.States {
		if s.Location == Carried {
			carried = units.Add(carried, s.Bytes)
		}
	}
	add := func(s Step) {
		s.Task = inv.Task
		after = b.step(s, after)
		inv.Steps = append(inv.Steps, after[0])
	}
	add(Step{Role: Request, From: inv.Caller, To: inv.Worker, Bytes: units.Add(inv.Argument, carried), State: -1, Pair: exchange})
	pairs := make([]int, len(inv.States))
	for i, s := range inv.States {
		if s.Location == Repository {
			pairs[i] = b.nextPair()
			add(Step{Role: Read, From: s.Node, To: reader, Bytes: s.Bytes, State: s.State, Pair: pairs[i]})
		}
	}
	add(Step{Kind: Compute, Role: Execute, From: inv.Worker, To: inv.Worker, Ops: inv.Ops, Load: inv.Load, State: -1, Pair: b.nextPair()})
	for i, s := range inv.States {
		if s.Location == Repository {
			add(Step{Role: Write, From: reader, To: s.Node, Bytes: s.Bytes, State: s.State, Pair: pairs[i]})
		}
	}
	add(Step{Role: Response, From: inv.Worker, To: inv.Caller, Bytes: units.Add(inv.Result, carried), State: -1, Pair: exchange})
	return after[0]
}

// step adds a step and returns what the next one has to wait for.
func (b *builder) step(s Step, after []int) []int {
	s.After = after
	b.plan.Steps = append(b.plan.Steps, s)
	return []int{len(b.plan.Steps) - 1}
}

func (b *builder) nextPair() int {
	b.pair++
	return b.pair - 1
}
