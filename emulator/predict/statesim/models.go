package statesim

import (
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// models is the simulator's arithmetic of each execution model. The steps are those of plan.Build with
// plan.ByClient; they are written out here because the results depend on which of them are added first,
// and on the states of a task being one message.
var models = map[plan.Model]func(*evaluation){
	plan.External:       (*evaluation).external,
	plan.InEdge:         (*evaluation).inEdge,
	plan.InFunction:     (*evaluation).inFunction,
	plan.InClient:       (*evaluation).inClient,
	plan.PureFaaS:       (*evaluation).pureFaaS,
	plan.StatePropagate: (*evaluation).statePropagate,
	plan.StateLocal:     (*evaluation).stateLocal,
}

// evaluation adds up one job's row.
type evaluation struct {
	sim     *Simulator
	job     *workload.Job
	client  topology.ID
	nodes   []topology.ID // of each task
	seconds []float64     // of each task, its call without states there and back
	bytes   []int64       // the same, times links
	needed  []int64       // of each task, bytes of the states on which it depends
	row     Row
}

// processing adds the float32 times of all tasks, in s. A node's speed is divided by all tasks that were
// placed on it, whether or not they would run at the same moment.
func (e *evaluation) processing(load []int) (sum float64) {
	for i := range e.job.Tasks {
		n := e.sim.node[e.nodes[i]]
		speed := e.sim.allocator.Speed(int(n))
		sum += float64(placement.ProcessingTime(e.job.Tasks[i].Ops, speed, load[n]))
	}
	return sum
}

// exchange is a message to a node and one back. The simulator adds their sum at once.
func (e *evaluation) exchange(from, to topology.ID, there, back int64) (seconds float64, traffic int64) {
	if there == 0 && back == 0 {
		return 0, 0
	}
	return e.sim.net.exchange(from, to, there, back)
}

// send adds a message.
func (e *evaluation) send(from, to topology.ID, bytes int64) {
	e.row.Network += e.sim.net.edge(from, to, bytes)
	e.row.Traffic += e.sim.net.traffic(from, to, bytes)
}

// output is what a task returns: the next one's argument, or the job's result.
func (e *evaluation) output(task int) int64 {
	if task+1 < len(e.job.Tasks) {
		return e.job.Tasks[task+1].Argument
	}
	return e.job.Result
}

// call adds the invocation of a task by the client, with extra bytes both ways.
func (e *evaluation) call(task int, extra int64) {
	if extra == 0 {
		e.row.Network += e.seconds[task]
		e.row.Traffic += e.bytes[task]
		return
	}
	seconds, traffic := e.exchange(e.client, e.nodes[task], e.job.Tasks[task].Argument+extra, e.output(task)+extra)
	e.row.Network += seconds
	e.row.Traffic += traffic
}

// user is who is charged for the access to a task's states. Peculiar: the study's text has the worker fetch them and
// put them back; its simulator charges the client.
func (e *evaluation) user(task int) topology.ID {
	if e.sim.config.Assumptions.Worker {
		return e.nodes[task]
	}
	return e.client
}

// external: the states are fetched from the cloud and put back. Peculiar: the cloud counts as one link.
func (e *evaluation) external() {
	for i := range e.job.Tasks {
		e.call(i, 0)
		if needed := e.needed[i]; needed > 0 {
			e.row.Network += e.sim.net.cloud(needed) + e.sim.net.cloud(needed)
			e.row.Traffic += 2 * needed * e.sim.toCloud(e.user(i))
		}
	}
}

// inEdge: the same with the central node in place of the cloud.
func (e *evaluation) inEdge() {
	for i := range e.job.Tasks {
		e.call(i, 0)
		if needed := e.needed[i]; needed > 0 {
			seconds, traffic := e.exchange(e.user(i), e.sim.store(e.client), needed, needed)
			e.row.Network += seconds
			e.row.Traffic += traffic
		}
	}
}

// inFunction: the states are where they are needed.
func (e *evaluation) inFunction() {
	for i := range e.job.Tasks {
		e.call(i, 0)
	}
}

// inClient: the client sends the states that a task needs along, and takes them back.
func (e *evaluation) inClient() {
	for i := range e.job.Tasks {
		e.call(i, e.needed[i])
	}
}

// pureFaaS: the client sends all states along with every invocation.
func (e *evaluation) pureFaaS() {
	states := e.job.AllStateBytes()
	for i := range e.job.Tasks {
		e.call(i, states)
	}
}

// statePropagate: the invocation goes from node to node with all states, and the last one answers.
func (e *evaluation) statePropagate() {
	states, at := e.job.AllStateBytes(), e.client
	for i := range e.job.Tasks {
		e.send(at, e.nodes[i], e.job.Tasks[i].Argument+states)
		at = e.nodes[i]
	}
	e.send(at, e.client, e.job.Result+states)
}

// stateLocal: the invocation goes from node to node; each fetches the states it needs from where they
// were used last, at first the client.
func (e *evaluation) stateLocal() {
	last := make([]topology.ID, len(e.job.States))
	for s := range last {
		last[s] = e.client
	}
	at := e.client
	for i := range e.job.Tasks {
		node := e.nodes[i]
		e.send(at, node, e.job.Tasks[i].Argument)
		for _, s := range e.job.Tasks[i].States {
			e.send(last[s], node, e.job.States[s])
			last[s] = node
		}
		at = node
	}
	e.send(at, e.client, e.job.Result)
}
