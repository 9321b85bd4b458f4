package placement

import (
	"slices"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
)

// Rules is the kind of the catalogue's allocation policies.
var Rules = catalogue.NewKind[Rule](catalogue.Policies)

// Rule is an allocation policy: how the node of a task is chosen.
type Rule struct {
	Policy Policy
	// Network says whether the transfers' time counts beside the processing time. It is for rules without Choose, which
	// take the smallest sum.
	Network bool
	Values  catalogue.Values // what was chosen for the policy's options
	// Choose takes one of the candidates, at least one, which are in the order of their names, and gives its index.
	// It is called for one task after the other. nil: the smallest promised time.
	Choose func(options catalogue.Values, task Task, candidates []Candidate) int
}

// Task is what a policy knows of a task.
type Task struct {
	Job, Task int // indexes
	Client    topology.ID
	Ops       int64
}

// Candidate is a node that could execute a task.
type Candidate struct {
	Node       topology.ID
	Load       int     // tasks placed on it so far
	Processing float64 // s, of the task, with it among the load
	Network    float64 // s, of the message from the client and of the one back
}

// Section is this package's part of the catalogue: the study's policies.
func Section() catalogue.Section {
	return Rules.Of(
		entry(Load, false, "by a node's load", catalogue.Look{Dash: []float64{3, 1.5}, Open: true}),
		entry(LoadNet, true, "by its load and the transfers' time", catalogue.Look{}),
	)
}

func entry(p Policy, network bool, about string, look catalogue.Look) catalogue.Entry[Rule] {
	return catalogue.Entry[Rule]{
		Description: catalogue.Description{Name: string(p), About: about, Look: look}, Does: p.rule(network),
	}
}

func (p Policy) rule(network bool) Rule { return Rule{Policy: p, Network: network} }

// ask has the rule's own function choose among all nodes that the client can reach; -1: there are none.
func (r *run) ask(task Task, affinity Affinity, client int, in, out int64) int {
	r.messages(in, out)
	var nodes []int32
	var candidates []Candidate
	for _, g := range r.byClient[client][affinity] {
		if g.in == simnet.None || g.out == simnet.None {
			continue
		}
		network := r.network(&g)
		for _, atom := range g.atoms {
			nodes = append(nodes, r.atoms[atom]...)
			for _, n := range r.atoms[atom] {
				load := int(r.load[n])
				candidates = append(candidates, Candidate{Node: r.nodes[n], Load: load, Network: network,
					Processing: float64(ProcessingTime(task.Ops, g.speed, load+1))})
			}
		}
	}
	if len(nodes) == 0 {
		return -1
	}
	order := slices.Clone(nodes)
	slices.Sort(order)
	sorted := make([]Candidate, len(order))
	for i, n := range nodes {
		at, _ := slices.BinarySearch(order, n)
		sorted[at] = candidates[i]
	}
	return int(order[r.rule.Choose(r.rule.Values, task, sorted)])
}
