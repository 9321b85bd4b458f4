package plan

import (
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// The models of this file are chained: a worker calls the next one, and only the last answers the
// client. They are defined for chains; a DAG's tasks are taken in their order, one after the other.

// propagate builds state-propagate: the invocation goes from worker to worker with all the job's states,
// whether or not the worker depends on them.
func propagate(b *Builder) {
	b.chained(b.job.AllStateBytes(), func(_ int, after []int) []int { return after })
}

// local builds state-local: a worker fetches each state on which it depends from where it was used last,
// which at first is the client. States are not returned to the client.
func local(b *Builder) {
	at := make([]topology.ID, len(b.job.States))
	for s := range at {
		at[s] = b.plan.Client
	}
	b.chained(0, func(task int, after []int) []int {
		worker := b.nodes[task]
		for _, s := range b.job.Tasks[task].States {
			after = b.Step(Step{
				Role: Read, Task: task, From: at[s], To: worker, Bytes: b.job.States[s], State: s, Pair: b.NextPair(),
			}, after)
			at[s] = worker
		}
		return after
	})
}

// chained adds, for every task, the request from the worker before (at first the client) with carried
// bytes of states, what fetch adds, and the execution; and the last worker's response to the client.
func (b *Builder) chained(carried int64, fetch func(task int, after []int) []int) {
	from, after := b.plan.Client, []int(nil)
	for i, task := range b.job.Tasks {
		worker := b.nodes[i]
		after = b.Step(Step{
			Role: Request, Task: i, From: from, To: worker, Bytes: units.Add(task.Argument, carried), State: -1,
			Pair: b.NextPair(),
		}, after)
		after = fetch(i, after)
		after = b.Step(Step{
			Kind: Compute, Role: Execute, Task: i, From: worker, To: worker, Ops: task.Ops, Load: b.load[worker],
			State: -1, Pair: b.NextPair(),
		}, after)
		from = worker
	}
	if last := len(b.job.Tasks) - 1; last >= 0 {
		b.Step(Step{
			Role: Response, Task: last, From: from, To: b.plan.Client, Bytes: units.Add(b.job.Result, carried),
			State: -1, Pair: b.NextPair(),
		}, after)
	}
}
