package plan

import (
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Held is what nodes hold at one time while a plan is carried out, in bytes: the job's states, where the
// model keeps them, and the messages under way. Sums that int64 does not hold are math.MaxInt64.
type Held struct {
	Nodes map[topology.ID]int64 // the most that each holds at one time
	Total int64                 // the most that all of them hold at one time
}

// place is a node that keeps a value of its own of one of a job's states.
type place struct {
	state int
	node  topology.ID
}

// Held works out what the nodes hold. A plan without invocations, which is not carried out, takes nothing. For
// a DAG with branches it takes all invocations to be under way at the same time, unless they wait for one another.
func (p *Plan) Held() Held {
	stored, largest, kept := map[topology.ID]int64{}, map[topology.ID]int64{}, map[place]int64{}
	keep := func(at place, bytes int64) {
		if known := kept[at]; bytes > known {
			kept[at] = bytes
			stored[at.node] = units.Add(stored[at.node], bytes-known)
			largest[at.node] = max(largest[at.node], bytes) // of which a copy is made when states are checked
		}
	}
	for _, s := range p.Carried {
		keep(place{s, p.Client}, p.StateBytes[s])
	}
	for i := range p.Invocations {
		inv := &p.Invocations[i]
		if inv.Program { // results stay with who may be asked for them again, until the chain has ended
			stored[inv.Caller] = units.Add(stored[inv.Caller], inv.Result)
			if inv.Worker != inv.Caller && inv.local() {
				stored[inv.Worker] = units.Add(stored[inv.Worker], inv.Result)
			}
		}
		for _, s := range inv.States {
			for _, node := range s.Keepers() {
				keep(place{s.State, node}, s.most())
			}
			if s.Location == Fetched {
				keep(place{s.State, inv.Worker}, s.Bytes)
			}
		}
	}
	moving, most := p.moving()
	h := Held{Nodes: stored, Total: most}
	for node, bytes := range stored {
		h.Total = units.Add(h.Total, bytes)
		moving[node] = max(moving[node], largest[node])
	}
	for node, bytes := range moving {
		h.Nodes[node] = units.Add(h.Nodes[node], bytes)
	}
	return h
}

// moving is the most that each node holds of messages at one time, and all of them.
func (p *Plan) moving() (nodes map[topology.ID]int64, total int64) {
	nodes = map[topology.ID]int64{}
	line := p.line()
	for i := range p.Invocations {
		held, sum := p.movingOf(i)
		for node, bytes := range held {
			if line {
				nodes[node] = max(nodes[node], bytes)
			} else {
				nodes[node] = units.Add(nodes[node], bytes)
			}
		}
		if line {
			total = max(total, sum)
		} else {
			total = units.Add(total, sum)
		}
	}
	return nodes, total
}

// line says whether the invocations follow one another: no two of them can be under way at the same time.
func (p *Plan) line() bool {
	for i := range p.Invocations {
		if i > 0 && !slices.Contains(p.Invocations[i].After, i-1) {
			return false
		}
	}
	return true
}

// local says whether the worker keeps states of the invocation itself.
func (inv *Invocation) local() bool {
	return slices.ContainsFunc(inv.States, func(s Access) bool { return s.Location == Local })
}

// Sizes of requests with which a program writes a state, beside that: its text while it is read into a buffer that
// grows, and what it is decoded to.
const writing = 3

// working is what a program's worker holds of its states besides what it keeps and what came with the request: each as
// it was read; and beside that either what has been written of all, with the request that writes the largest, or all of
// them as they are written back.
func (inv *Invocation) working() int64 {
	read, grown, back, largest := int64(0), int64(0), int64(0), int64(0)
	for _, s := range inv.States {
		if s.Location != Carried {
			read = units.Add(read, s.Bytes)
		}
		grown = units.Add(grown, max(0, s.Grown))
		back = units.Add(back, s.most())
		largest = max(largest, s.most())
	}
	return units.Add(read, max(units.Add(grown, units.Mul(writing, largest)), back))
}

// moving is what nodes hold of an invocation besides the states that they keep, and what all hold together: where a
// worker is picked when the invocation is made, each may be the one, and one is.
func (inv *Invocation) moving() (nodes map[topology.ID]int64, total int64) {
	carried, copies, read := int64(0), int64(0), int64(0) // read: by the caller
	nodes = map[topology.ID]int64{}
	for _, s := range inv.States {
		switch s.Location {
		case Carried:
			carried = units.Add(carried, s.most())
		case Local:
			if s.Contested {
				copies = units.Add(copies, s.most())
			}
		case Repository:
			if s.ByClient {
				read = units.Add(read, s.most())
			} else {
				copies = units.Add(copies, s.most())
			}
			if s.Node != inv.Accessor(s) {
				nodes[s.Node] = max(nodes[s.Node], s.most()) // what is written comes beside what is there
			}
		}
	}
	here := units.Add(units.Add(max(inv.Argument, inv.Result), carried), copies)
	if inv.Program {
		here = units.Add(units.Add(units.Add(inv.Argument, inv.Result), carried), inv.working())
	}
	nodes[inv.Caller] = units.Add(nodes[inv.Caller], units.Add(carried, read)) // what comes back, beside what was sent
	total = units.Add(sumOf(nodes), here)
	for _, worker := range inv.Workers() {
		nodes[worker] = units.Add(nodes[worker], here)
	}
	return nodes, total
}

func sumOf(nodes map[topology.ID]int64) (sum int64) {
	for _, bytes := range nodes {
		sum = units.Add(sum, bytes)
	}
	return sum
}

// movingOf is what nodes hold of an invocation besides the states that they keep, and what all hold together. Who calls
// the next holds what it carries until that has it.
func (p *Plan) movingOf(i int) (nodes map[topology.ID]int64, total int64) {
	inv := &p.Invocations[i]
	if p.Messages == nil {
		return inv.moving()
	}
	carried, copies := int64(0), int64(0)
	for _, s := range p.Carried {
		carried = units.Add(carried, p.StateBytes[s])
	}
	nodes = map[topology.ID]int64{}
	for _, s := range inv.States {
		if s.Location == Repository || s.Location == Fetched {
			copies = units.Add(copies, s.Bytes)
		}
		if s.Location == Repository && s.Node != inv.Worker {
			nodes[s.Node] = max(nodes[s.Node], s.Bytes)
		}
	}
	nodes[inv.Worker] = units.Add(nodes[inv.Worker], units.Add(units.Add(inv.Argument, carried), copies))
	nodes[inv.Caller] = units.Add(nodes[inv.Caller], carried)
	if i == len(p.Invocations)-1 && inv.Caller != p.Client {
		nodes[p.Client] = units.Add(nodes[p.Client], carried)
	}
	return nodes, sumOf(nodes)
}

// Largest is the transfer that carries most; nil: there is none.
func (p *Plan) Largest() *Step {
	var largest *Step
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Kind == Transfer && (largest == nil || s.Bytes > largest.Bytes) {
			largest = s
		}
	}
	return largest
}
