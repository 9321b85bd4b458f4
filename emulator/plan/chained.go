package plan

import (
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// In the plans of this file a worker calls the next one, and only results go to the client. Each message goes one way,
// over a connection that its sender opens; its answer carries nothing, and nobody waits for it.

// propagate builds state-propagate: the invocation goes from worker to worker with all the job's states,
// whether or not the worker depends on them. It is defined for chains; a DAG's tasks are taken in their order, one
// after the other.
func propagate(b *Builder) {
	for s := range b.job.States {
		b.plan.Carried = append(b.plan.Carried, s)
	}
	b.inOrder(func(inv *Invocation, s int, after []int) []int {
		inv.States = append(inv.States, b.access(s, Carried, b.plan.Client))
		return after
	})
}

// local builds state-local: a worker fetches each state on which it depends from where it was used last,
// which at first is the client. States are not returned to the client. A DAG's tasks are taken in their order.
func local(b *Builder) {
	at := slices.Repeat([]topology.ID{b.plan.Client}, len(b.job.States))
	b.inOrder(func(inv *Invocation, s int, after []int) []int {
		after = b.Step(Step{
			Role: Read, Task: inv.Task, From: at[s], To: inv.Worker, Bytes: b.job.States[s], State: s, Pair: b.NextPair(),
		}, after)
		inv.Steps = append(inv.Steps, after[0])
		inv.States = append(inv.States, b.access(s, Fetched, at[s]))
		at[s] = inv.Worker
		return after
	})
}

func (b *Builder) access(state int, location Location, node topology.ID) Access {
	return Access{State: state, Bytes: b.job.States[state], Location: location, Node: node}
}

// inOrder adds, for every task, the request from the worker before (at first the client), the job's carried states with
// it, what need adds for each state on which the task depends, and the execution; and the last worker's response.
func (b *Builder) inOrder(need func(inv *Invocation, state int, after []int) []int) {
	var after []int
	before := -1
	for i := range b.job.Tasks {
		task := &b.job.Tasks[i]
		inv := b.chainedInvocation(i)
		inv.Argument = task.Argument
		after = b.message(Request, before, i, i, task.Argument, after)
		if before >= 0 {
			inv.Caller, inv.After = b.nodes[before], []int{before}
		}
		after = b.instance(&inv, after)
		for _, s := range task.States {
			after = need(&inv, s, after)
		}
		after = b.execution(&inv, after)
		b.plan.Invocations = append(b.plan.Invocations, inv)
		before = i
	}
	if before >= 0 {
		b.plan.Invocations[before].Result = b.job.Returned()
		b.message(Response, before, -1, before, b.job.Returned(), after)
	}
}

// byWorkers builds the models whose states stay at a place of their own, with workers that call the next ones: each
// sends to every task that follows its own what that takes of it, and to the client what that gets. A task begins when
// all that it takes is there.
func (r Rule) byWorkers(b *Builder) {
	done := make([][]int, len(b.job.Tasks)) // done[task]: what its messages wait for
	toClient := b.toClient()
	_, o := b.order(r, b.sites)
	for i := range b.job.Tasks {
		task := &b.job.Tasks[i]
		inv := b.chainedInvocation(i)
		inv.After, inv.Argument, inv.Result = task.After, task.Argument, b.job.Output(i)
		var after []int
		if bytes := task.Input(); len(task.After) == 0 || bytes > 0 {
			after = append(after, b.message(Request, -1, i, i, bytes, nil)...)
		}
		for k, a := range task.After {
			after = append(after, b.message(Request, a, i, i, task.Edge(k), done[a])...)
		}
		if len(task.After) > 0 {
			inv.Caller = b.nodes[task.After[0]]
		}
		after = b.instance(&inv, after)
		pairs := make([]int, len(task.States))
		for _, s := range task.States {
			location, node, replicas := b.locate(r, inv.Worker, s)
			access := b.access(s, location, node)
			access.Replicas = replicas
			inv.States = append(inv.States, access)
		}
		for k, s := range inv.States {
			if s.Location == Repository {
				pairs[k] = b.NextPair()
				after = b.repository(&inv, Step{Role: Read, From: s.Node, To: inv.Worker, Pair: pairs[k]}, s, after)
			}
		}
		after = b.execution(&inv, after)
		for k, s := range inv.States {
			if s.Location == Repository {
				after = b.repository(&inv, Step{Role: Write, From: inv.Worker, To: s.Node, Pair: pairs[k]}, s, after)
			}
		}
		b.plan.Invocations = append(b.plan.Invocations, inv)
		if done[i] = after; toClient[i] >= 0 {
			b.message(Response, i, -1, i, toClient[i], after)
		}
	}
	if o != nil {
		b.plan.contest(o)
	}
}

// toClient is what each task sends to the client, in bytes; -1: nothing.
func (b *Builder) toClient() []int64 {
	rest := b.job.Outputs(nil)
	followed := make([]bool, len(rest))
	for i := range b.job.Tasks {
		t := &b.job.Tasks[i]
		for k, a := range t.After {
			followed[a] = true
			rest[a] -= t.Edge(k)
		}
	}
	for i := range rest {
		if followed[i] && rest[i] <= 0 {
			rest[i] = -1
		}
	}
	return rest
}

func (b *Builder) chainedInvocation(task int) Invocation {
	worker, t := b.nodes[task], &b.job.Tasks[task]
	return Invocation{
		Task: task, Function: t.Function, Caller: b.plan.Client, Worker: worker, Ops: t.Ops, Load: b.load[worker],
	}
}

func (b *Builder) execution(inv *Invocation, after []int) []int {
	after = b.Step(Step{
		Kind: Compute, Role: Execute, Task: inv.Task, From: inv.Worker, To: inv.Worker, Ops: inv.Ops, Load: inv.Load,
		State: -1, Pair: b.NextPair(),
	}, after)
	inv.Steps = append(inv.Steps, after[0])
	return after
}

func (b *Builder) repository(inv *Invocation, s Step, of Access, after []int) []int {
	s.Task, s.State, s.Bytes, s.Replicas = inv.Task, of.State, of.Bytes, of.Replicas
	after = b.Step(s, after)
	inv.Steps = append(inv.Steps, after[0])
	return after
}

// message adds a message between two invocations, -1 being the client, with the states that all messages carry.
func (b *Builder) message(role Role, from, to, task int, bytes int64, after []int) []int {
	at := func(i int) topology.ID {
		if i < 0 {
			return b.plan.Client
		}
		return b.nodes[i]
	}
	after = b.Step(Step{
		Role: role, Task: task, From: at(from), To: at(to), State: -1, Pair: b.NextPair(),
		Bytes: units.Add(bytes, b.job.StateBytes(b.plan.Carried)),
	}, after)
	b.plan.Messages = append(b.plan.Messages, Message{From: from, To: to, Bytes: bytes, Step: after[0]})
	return after
}
