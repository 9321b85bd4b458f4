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
	ByClient StateAccess = "client" // as the published simulator charges it: the function's node sees nothing of them
)

// Builder adds the steps of one job to its plan.
type Builder struct {
	job   *workload.Job
	nodes []topology.ID       // nodes[task]
	load  map[topology.ID]int // tasks placed on each node
	sites Sites
	lives Lives
	plan  *Plan
	pair  int
}

// Job is the job, which is not to be changed.
func (b *Builder) Job() *workload.Job { return b.job }

// Client is the node that issues the job.
func (b *Builder) Client() topology.ID { return b.plan.Client }

// Worker is the node that executes a task.
func (b *Builder) Worker(task int) topology.ID { return b.nodes[task] }

// unchained builds the models in which the client calls every function itself. Branches of a DAG are under way side by
// side, but for those that are sent the same state: they run one after the other, in ascending order of tasks.
func (b *Builder) unchained(r Rule, sites Sites, access StateAccess) {
	after, o := b.order(r, sites)
	last := make([]int, len(b.job.Tasks)) // last[task]: its final step
	for i, task := range b.job.Tasks {
		worker := b.nodes[i]
		inv := Invocation{
			Task: i, Function: task.Function, Caller: b.plan.Client, Worker: worker,
			Argument: task.Argument, Result: b.job.Output(i), Ops: task.Ops, Load: b.load[worker], After: after(i),
		}
		for _, s := range task.States {
			location, node, replicas := b.locate(r, worker, s)
			inv.States = append(inv.States, Access{State: s, Bytes: b.job.States[s], Location: location, Node: node,
				Replicas: replicas, ByClient: access == ByClient && location == Repository})
		}
		b.measured(&inv)
		if r.Idle {
			// The client does not know which states a function needs, so the others travel as well: as
			// part of the argument and of the result, for the function does not touch them.
			idle := b.job.AllStateBytes() - b.job.StateBytes(task.States)
			inv.Argument, inv.Result = units.Add(inv.Argument, idle), units.Add(inv.Result, idle)
		}
		steps := make([]int, 0, len(inv.After))
		for _, t := range inv.After {
			steps = append(steps, last[t])
		}
		last[i] = b.invocation(&inv, access == ByClient, steps)
		b.plan.Invocations = append(b.plan.Invocations, inv)
	}
	if o != nil {
		b.plan.contest(o)
	}
}

// order is what each task waits for, and which come before which; nil for chains, where all that is plain.
func (b *Builder) order(r Rule, sites Sites) (after func(task int) []int, o *order) {
	if b.job.Chain() {
		return func(task int) []int { return b.job.Tasks[task].After }, nil
	}
	all, o, serialised := waits(b.job, func(task int) bool {
		location, _ := r.Locate(b.plan.Client, b.nodes[task], sites)
		return location == Carried
	})
	b.plan.Serialised = serialised
	return func(task int) []int { return all[task] }, o
}

// invocation adds the steps of one invocation, one after the other, and returns the last one's index.
func (b *Builder) invocation(inv *Invocation, byClient bool, after []int) int {
	carried, returned, exchange := int64(0), int64(0), b.NextPair()
	pairs := make([]int, len(inv.States))
	for i, s := range inv.States {
		switch s.Location {
		case Carried:
			carried, returned = units.Add(carried, s.Bytes), units.Add(returned, s.Written())
		case Repository:
			pairs[i] = b.NextPair()
		}
	}
	add := func(s Step) {
		s.Task = inv.Task
		after = b.Step(s, after)
		inv.Steps = append(inv.Steps, after[0])
	}
	access := func(role Role) {
		for i, s := range inv.States {
			if s.Location != Repository {
				continue
			}
			step := Step{Role: role, From: s.Node, To: inv.Accessor(s), Bytes: s.Bytes, State: s.State, Pair: pairs[i],
				Replicas: s.Replicas}
			if role == Write {
				step.From, step.To, step.Bytes = step.To, step.From, s.Written()
			}
			add(step)
		}
	}
	message := func(role Role, from, to topology.ID, bytes, states int64) {
		add(Step{Role: role, From: from, To: to, Bytes: units.Add(bytes, states), State: -1, Pair: exchange})
	}
	if byClient {
		access(Read)
	}
	message(Request, inv.Caller, inv.Worker, inv.Argument, carried)
	after = b.instance(inv, after)
	if !byClient {
		access(Read)
	}
	add(Step{
		Kind: Compute, Role: Execute, From: inv.Worker, To: inv.Worker, Ops: inv.Ops, Load: inv.Load, State: -1,
		Pair: b.NextPair(), Program: inv.Program, Took: inv.Took,
	})
	if !byClient {
		access(Write)
	}
	message(Response, inv.Worker, inv.Caller, inv.Result, returned)
	if byClient {
		access(Write)
	}
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
