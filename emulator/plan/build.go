package plan

import (
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

// Builder adds the steps of one job to its plan.
type Builder struct {
	job   *workload.Job
	nodes []topology.ID       // nodes[task]
	load  map[topology.ID]int // tasks placed on each node
	plan  *Plan
	pair  int
}

// Job is the job, which is not to be changed.
func (b *Builder) Job() *workload.Job { return b.job }

// Client is the node that issues the job.
func (b *Builder) Client() topology.ID { return b.plan.Client }

// Worker is the node that executes a task.
func (b *Builder) Worker(task int) topology.ID { return b.nodes[task] }

// unchained builds the models in which the client calls every function itself.
func (b *Builder) unchained(r Rule, sites Sites, access StateAccess) {
	last := make([]int, len(b.job.Tasks)) // last[task]: its final step
	for i, task := range b.job.Tasks {
		worker := b.nodes[i]
		inv := Invocation{
			Task: i, Function: task.Function, Caller: b.plan.Client, Worker: worker,
			Argument: task.Argument, Result: b.job.Output(i), Ops: task.Ops, Load: b.load[worker], After: task.After,
		}
		for _, s := range task.States {
			location, node := r.Locate(b.plan.Client, worker, sites)
			inv.States = append(inv.States, Access{State: s, Bytes: b.job.States[s], Location: location, Node: node})
		}
		if r.Idle {
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
func (b *Builder) invocation(inv *Invocation, reader topology.ID, after []int) int {
	carried, exchange := int64(0), b.NextPair()
	for _, s := range inv.States {
		if s.Location == Carried {
			carried = units.Add(carried, s.Bytes)
		}
	}
	add := func(s Step) {
		s.Task = inv.Task
		after = b.Step(s, after)
		inv.Steps = append(inv.Steps, after[0])
	}
	argument, result := units.Add(inv.Argument, carried), units.Add(inv.Result, carried)
	add(Step{Role: Request, From: inv.Caller, To: inv.Worker, Bytes: argument, State: -1, Pair: exchange})
	pairs := make([]int, len(inv.States))
	for i, s := range inv.States {
		if s.Location == Repository {
			pairs[i] = b.NextPair()
			add(Step{Role: Read, From: s.Node, To: reader, Bytes: s.Bytes, State: s.State, Pair: pairs[i]})
		}
	}
	add(Step{
		Kind: Compute, Role: Execute, From: inv.Worker, To: inv.Worker, Ops: inv.Ops, Load: inv.Load, State: -1,
		Pair: b.NextPair(),
	})
	for i, s := range inv.States {
		if s.Location == Repository {
			add(Step{Role: Write, From: reader, To: s.Node, Bytes: s.Bytes, State: s.State, Pair: pairs[i]})
		}
	}
	add(Step{Role: Response, From: inv.Worker, To: inv.Caller, Bytes: result, State: -1, Pair: exchange})
	return after[0]
}

// Step adds a step and returns what the next one has to wait for.
func (b *Builder) Step(s Step, after []int) []int {
	s.After = after
	b.plan.Steps = append(b.plan.Steps, s)
	return []int{len(b.plan.Steps) - 1}
}

// NextPair numbers an exchange: the steps of one number are its two ways.
func (b *Builder) NextPair() int {
	b.pair++
	return b.pair - 1
}
