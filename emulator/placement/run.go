package placement

import (
	"fmt"
	"math"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// run is one allocation: the loads, and the times of the task at hand.
type run struct {
	*Allocator
	rule    Rule
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

// place draws clients and order, and places all tasks.
func (r *run) place(jobs []workload.Job, functions map[string]Affinity, seed uint64) (*Placement, error) {
	engine := minstd.New(seed)
	result := &Placement{Client: make([]topology.ID, len(jobs)), Node: make([][]topology.ID, len(jobs))}
	client, tasks := make([]int, len(jobs)), 0
	for i := range jobs {
		client[i] = engine.Intn(len(r.clients))
		result.Client[i] = r.clients[client[i]]
		tasks += len(jobs[i].Tasks)
	}
	nodes := make([]topology.ID, 0, tasks)
	for _, i := range drawOrder(engine, len(jobs)) {
		job, first := &jobs[i], len(nodes)
		states := job.AllStateBytes()
		for t := range job.Tasks {
			task := &job.Tasks[t]
			in, out := task.Argument+states, job.Output(t)+states
			n := r.choose(Task{i, t, result.Client[i], task.Ops}, functions[task.Function], client[i], in, out)
			if n < 0 {
				name := r.topology.Vertices[result.Client[i]].Name
				return nil, fmt.Errorf("placement: job %s, task %s, function %s: %w: it needs a %s that its client %s can reach",
					job.Name, task.Name, task.Function, ErrNoNodes, functions[task.Function], name)
			}
			r.occupy(int32(n))
			nodes = append(nodes, r.nodes[n])
		}
		result.Node[i] = nodes[first:len(nodes):len(nodes)]
	}
	result.Load = make(map[topology.ID]int)
	for n, load := range r.load {
		if load > 0 {
			result.Load[r.nodes[n]] = int(load)
		}
	}
	return result, nil
}

// drawOrder draws a permutation of n: again and again, one of those that remain, in ascending order.
func drawOrder(engine *minstd.Engine, n int) []int {
	remaining := newRanks(n)
	order := make([]int, n)
	for i := range order {
		order[i] = remaining.take(int(engine.Real(0, 1) * float64(n-i)))
	}
	return order
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
		net := r.network(g)
		seconds := float64(ProcessingTime(ops, g.speed, int(load)+1)) + net
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
