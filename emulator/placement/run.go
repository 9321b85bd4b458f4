package placement

import (
	"fmt"
	"math"

	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// run is one allocation: the loads, and the times of the task at hand.
type run struct {
	*Allocator
	rule    Rule
	carry   func(job *workload.Job, task int) int64 // see Study
	idle    bool
	load    []int32   // of each node, tasks placed
	least   []int32   // of each atom, the smallest load of its nodes
	at      []int32   // of each atom, position of the first node that has it
	in, out []float64 // of each distinct rate, the time of the task's messages
}

func newRun(a *Allocator, rule Rule) *run {
	return &run{
		Allocator: a, rule: rule, load: make([]int32, len(a.nodes)),
		least: make([]int32, len(a.atoms)), at: make([]int32, len(a.atoms)),
		in: make([]float64, len(a.paths.rates)), out: make([]float64, len(a.paths.rates)),
	}
}

// place places all tasks, for the clients and in the order drawn.
func (r *run) place(jobs []workload.Job, affinities [][]Affinity, d *Draw) (*Placement, error) {
	clients, err := r.clientsOf(jobs, d)
	if err != nil {
		return nil, err
	}
	result := &Placement{Client: r.nodesOf(clients), Node: make([][]topology.ID, len(jobs))}
	tasks := 0
	for i := range jobs {
		tasks += len(jobs[i].Tasks)
	}
	nodes := make([]topology.ID, 0, tasks)
	counts := make([]int32, len(r.nodes))
	var outputs []int64
	for _, i := range d.order {
		job, first := &jobs[i], len(nodes)
		states := int64(0)
		if r.carry == nil {
			states = job.AllStateBytes()
		}
		outputs = job.Outputs(outputs)
		for t := range job.Tasks {
			task := &job.Tasks[t]
			if r.carry != nil {
				states = r.carry(job, t)
			}
			in, out := units.Add(task.Argument, states), units.Add(outputs[t], states)
			n := r.choose(Task{i, t, result.Client[i], task.Ops}, affinities[i][t], int(clients[i]), in, out)
			if n < 0 {
				return nil, r.nowhere(job, task, result.Client[i], affinities[i][t])
			}
			if counts[n]++; !r.idle {
				r.occupy(int32(n))
			}
			nodes = append(nodes, r.nodes[n])
		}
		result.Node[i] = nodes[first:len(nodes):len(nodes)]
	}
	result.Load = make(map[topology.ID]int)
	for n, load := range counts {
		if load > 0 {
			result.Load[r.nodes[n]] = int(load)
		}
	}
	return result, nil
}

// nowhere is the error about a task for which there is no node.
func (r *run) nowhere(job *workload.Job, task *workload.Task, client topology.ID, affinity Affinity) error {
	return fmt.Errorf("placement: job %s, task %s, function %s: %w: it needs a %s that its client %s can reach",
		job.Name, task.Name, task.Function, ErrNoNodes, affinity, r.topology.Vertices[client].Name)
}

// choose finds the node that promises the smallest time for a task, given its message sizes with all the
// job's states; among equals the first in the order of names. It is -1 where there is none.
func (r *run) choose(task Task, affinity Affinity, client int, in, out int64) int {
	if r.rule.Choose != nil {
		return r.ask(task, affinity, client, in, out)
	}
	ops := task.Ops
	groups := r.byLoad[affinity]
	if r.rule.Network {
		groups = r.byClient[client][affinity]
		r.messages(in, out)
	}
	best, least := int32(-1), math.Inf(1)
	for i := range groups {
		g := &groups[i]
		node, load := r.candidate(g, ops)
		processing := float64(ProcessingTime(ops, g.speed, int(load)+1))
		if processing > least {
			continue // whatever the network takes
		}
		net := r.network(g)
		seconds := processing + net
		if seconds > least || math.IsInf(seconds, 1) {
			continue
		}
		// Under large loads one task more may vanish in rounding: then all its nodes have to be looked at.
		if ops != 0 && float64(ProcessingTime(ops, g.speed, int(load)+2))+net == seconds {
			node = r.scan(g, ops, net, seconds)
		}
		if seconds < least || node < best {
			best, least = node, seconds
		}
	}
	return int(best)
}

// candidate is the node of a group with the smallest load, the first of those. Without operations load
// does not matter.
func (r *run) candidate(g *group, ops int64) (node, load int32) {
	if ops == 0 {
		return g.first, 0
	}
	load = math.MaxInt32
	for _, atom := range g.atoms {
		if r.least[atom] > load {
			continue
		}
		if n := r.atoms[atom][r.at[atom]]; r.least[atom] < load || n < node {
			node, load = n, r.least[atom]
		}
	}
	return node, load
}

// scan is the first node of a group that promises the given time.
func (r *run) scan(g *group, ops int64, net, seconds float64) int32 {
	first := int32(math.MaxInt32)
	for _, atom := range g.atoms {
		for _, n := range r.atoms[atom] {
			if n < first && float64(ProcessingTime(ops, g.speed, int(r.load[n])+1))+net == seconds {
				first = n
			}
		}
	}
	return first
}

// occupy adds a task to a node. The first node of smallest load only ever moves to the right, until all
// have more.
func (r *run) occupy(n int32) {
	r.load[n]++
	atom := r.atomOf[n]
	nodes := r.atoms[atom]
	for r.load[nodes[r.at[atom]]] > r.least[atom] {
		if r.at[atom]++; int(r.at[atom]) == len(nodes) {
			r.at[atom] = 0
			r.least[atom]++
		}
	}
}

// messages computes what the task's messages take on each distinct rate.
func (r *run) messages(in, out int64) {
	i, o := float32(8*in), float32(8*out)
	for k, rate := range r.paths.rates {
		r.in[k], r.out[k] = float64(i/rate), float64(o/rate)
	}
}

// network is the time of both of the task's messages between the client and a group's nodes; where the
// rule does not ask for it, it is 0.
func (r *run) network(g *group) float64 {
	switch {
	case !r.rule.Network && r.rule.Choose == nil:
		return 0
	case g.in == simnet.None || g.out == simnet.None:
		return math.Inf(1)
	}
	in, out := 0.0, 0.0
	for _, k := range r.paths.links[g.in] {
		in += r.in[k]
	}
	for _, k := range r.paths.links[g.out] {
		out += r.out[k]
	}
	return in + out
}

// ProcessingTime is the time, in seconds, of ops operations on a node that shares its speed, in
// operations/s, evenly between load tasks, in the simulator's float32. It is 0 for no operations.
func ProcessingTime(ops int64, speed float32, load int) float32 {
	if ops == 0 {
		return 0
	}
	return float32(ops) / (speed / float32(load))
}
