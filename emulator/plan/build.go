package plan

import (
	"testbed/emulator/placement"
	"testbed/emulator/topology"
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
// charged between client and repository; such a plan can be predicted, not carried out.
func Build(jobs []workload.Job, index int, m Model, place *placement.Placement, sites Sites, access StateAccess) *Plan {
	job := &jobs[index]
	b := builder{plan: &Plan{
		Job: job.Name, Index: index, Model: m, Client: place.Client[index],
		Length: job.Length(), StateBytes: job.States,
	}}
	last := make([]int, len(job.Tasks)) // last[task]: its final step
	for i, task := range job.Tasks {
		worker := place.Node[index][i]
		inv := Invocation{
			Task: i, Function: task.Function, Caller: b.plan.Client, Worker: worker,
			Argument: task.Argument, Result: job.Output(i), Ops: task.Ops, Load: place.Load[worker], After: task.After,
		}
		for _, s := range task.States {
			location, node := m.locate(b.plan.Client, worker, sites)
			inv.States = append(inv.States, Access{State: s, Bytes: job.States[s], Location: location, Node: node})
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
	return b.plan
}

type builder struct {
	plan *Plan
	pair int
}

// invocation adds the steps of one invocation, one after the other, and returns the last one's index.
func (b *builder) invocation(inv *Invocation, reader topology.ID, after []int) int {
	carried, exchange := int64(0), b.nextPair()
	for _, s := range inv.States {
		if s.Location == Carried {
			carried += s.Bytes
		}
	}
	add := func(s Step) {
		s.Task, s.After = inv.Task, after
		index := len(b.plan.Steps)
		b.plan.Steps = append(b.plan.Steps, s)
		inv.Steps = append(inv.Steps, index)
		after = []int{index}
	}
	add(Step{Role: Request, From: inv.Caller, To: inv.Worker, Bytes: inv.Argument + carried, State: -1, Pair: exchange})
	pairs := make([]int, len(inv.States))
	for i, s := range inv.States {
		if s.Location == Repository {
			pairs[i] = b.nextPair()
			add(Step{Role: Read, From: s.Node, To: reader, Bytes: s.Bytes, State: s.State, Pair: pairs[i]})
		}
	}
	add(Step{Kind: Compute, Role: Execute, From: inv.Worker, To: inv.Worker, Ops: inv.Ops, State: -1, Pair: b.nextPair()})
	for i, s := range inv.States {
		if s.Location == Repository {
			add(Step{Role: Write, From: reader, To: s.Node, Bytes: s.Bytes, State: s.State, Pair: pairs[i]})
		}
	}
	add(Step{Role: Response, From: inv.Worker, To: inv.Caller, Bytes: inv.Result + carried, State: -1, Pair: exchange})
	return after[0]
}

func (b *builder) nextPair() int {
	b.pair++
	return b.pair - 1
}
