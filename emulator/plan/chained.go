package plan

import (
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// The models of this file are chained: a worker calls the next one, and only the last answers the
// client. They are defined for chains; a DAG's tasks are taken in their order, one after the other.

// propagate builds state-propagate: the invocation goes from worker to worker with all the job's states,
// whether or not the worker depends on them.
func (b *builder) propagate(load map[topology.ID]int) {
	b.chained(load, b.job.AllStateBytes(), func(_ int, after []int) []int { return after })
}

// local builds state-local: a worker fetches each state on which it depends from where it was used last,
// which at first is the client. States are not returned to the client.
func (b *builder) local(load map[topology.ID]int) {
	at := make([]topology.ID, len(b.job.States))
	for s := range at {
		at[s] = b.plan.Client
	}
	b.chained(load, 0, func(task int, after []int) []int {
		worker := b.nodes[task]
		for _, s := range b.job.Tasks[task].States {
			after = b.step(Step{
				Role: Read, Task: task, From: at[s], To: worker, Bytes: b.job.States[s], State: s, Pair: b.nextPair(),
			}, after)
			at[s] = worker
		}
		return after
	})
}

// chained adds, for every task, the request from the worker before (at first the client) with carried
// bytes of states, what fetch adds, and the execution; and the last worker's response to the client.
func (b *builder) chained(load map[topology.ID]int, carried int64, fetch func(task int, after []int) []int) {
	from, after := b.plan.Client, []int(nil)
	for i, task := range b.job.Tasks {
		worker := b.nodes[i]
		after = b.step(Step{
			Role: Request, Task: i, From: from, To: worker, Bytes: units.Add(task.Argument, carried), State: -1, Pair: b.nextPair(),
		}, after)
		after = fetch(i, after)
		after = b.step(Step{
			Kind: Compute, Role: Execute, Task: i, From: worker, To: worker, Ops: task.Ops, Load: load[worker], State: -1, Pair: b.nextPair(),
		}, after)
		from = worker
	}
	if last := len(b.job.Tasks) - 1; last >= 0 {
		b.step(Step{
			Role: Response, Task: last, From: from, To: b.plan.Client, Bytes: units.Add(b.job.Result, carried), State: -1, Pair: b.nextPair(),
		}, after)
	}
}
