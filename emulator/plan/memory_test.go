package plan

import (
	"maps"
	"math"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// By hand: client 0, workers 1 and 2, central node 3, cloud 4. State 0 has 1000 bytes and is used at both workers,
// state 1 has 50 and is used at 2. Arguments are 10 and 20 bytes, results 20 and 7.
func TestHeldByHand(t *testing.T) {
	jobs := []workload.Job{{Name: "j", States: []int64{1000, 50}, Result: 7, Tasks: []workload.Task{
		{Function: "f", Argument: 10, States: []int{0}}, {Function: "g", Argument: 20, After: []int{0}, States: []int{0, 1}},
	}}}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 2}}}
	for model, want := range map[Model]Held{
		// The worker has the longer of argument and result with its copies; the cloud stores both, and takes in the larger.
		External: {map[topology.ID]int64{0: 0, 1: 20 + 1000, 2: 20 + 1050, 4: 1050 + 1000}, 1050 + 20 + 1050 + 1000},
		InEdge:   {map[topology.ID]int64{0: 0, 1: 20 + 1000, 2: 20 + 1050, 3: 1050 + 1000}, 1050 + 20 + 1050 + 1000},
		// Each worker stores its own; a copy is made when it is checked.
		InFunction: {map[topology.ID]int64{0: 0, 1: 1000 + 1000, 2: 1050 + 1000}, 2050 + 20},
		// The client stores both, and gets both back; the worker has them in the message.
		InClient: {map[topology.ID]int64{0: 1050 + 1050, 1: 20 + 1000, 2: 20 + 1050}, 1050 + 1050 + 20 + 1050},
		// Both go from 0 to 1, 2 and 0, and who sends them on holds them until they are there.
		StatePropagate: {map[topology.ID]int64{0: 1050 + 1050, 1: 10 + 1050, 2: 20 + 1050}, 1050 + 20 + 3*1050},
		// State 0 stays at 0, 1 and 2, where it was, state 1 at 0 and 2; copies are made on the way.
		StateLocal: {map[topology.ID]int64{0: 1050 + 1000, 1: 1000 + 10 + 1000, 2: 1050 + 20 + 1050}, 3100 + 20 + 1050},
	} {
		got := rule(model).Build(jobs, 0, place, Sites{Cloud: 4, Central: 3}, ByWorker).Held()
		if !maps.Equal(got.Nodes, want.Nodes) || got.Total != want.Total {
			t.Errorf("%s: %+v, want %+v", model, got, want)
		}
	}
}

// TestHeldByOneCandidate: each of those among whom a worker is picked may hold all of an invocation; one does.
func TestHeldByOneCandidate(t *testing.T) {
	jobs := []workload.Job{{Name: "j", States: []int64{100}, Tasks: []workload.Task{
		{Function: "f", Argument: 10, States: []int{0}}, {Function: "g", Argument: 20, After: []int{0}, States: []int{0}},
	}}}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1}}}
	for _, model := range []Model{External, InEdge, InClient} {
		p := rule(model).Build(jobs, 0, place, Sites{Cloud: 4, Central: 3}, ByWorker)
		fixed := p.Held()
		for i := range p.Invocations {
			p.Invocations[i].Candidates = []topology.ID{1, 2, 5}
		}
		picked := p.Held()
		if picked.Total != fixed.Total {
			t.Errorf("%s: %d bytes in all, and %d where workers are picked", model, fixed.Total, picked.Total)
		}
		for _, node := range []topology.ID{1, 2, 5} {
			if picked.Nodes[node] != fixed.Nodes[1] {
				t.Errorf("%s: node %d holds %d, and the only worker %d", model, node, picked.Nodes[node], fixed.Nodes[1])
			}
		}
	}
}

func TestSumsOfPlansDoNotOverflow(t *testing.T) {
	const huge = math.MaxInt64 / 2
	jobs := []workload.Job{{Name: "j", States: []int64{huge, huge, huge}, Result: huge, Tasks: []workload.Task{
		{Function: "f", Argument: huge, States: []int{0, 1, 2}},
		{Function: "g", Argument: huge, After: []int{0}, States: []int{0}},
	}}}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 2}}}
	for _, model := range Models {
		p := rule(model).Build(jobs, 0, place, Sites{Cloud: 4, Central: 3}, ByWorker)
		for _, s := range p.Steps {
			if s.Bytes < 0 {
				t.Errorf("%s: a %s of %d bytes", model, s.Role, s.Bytes)
			}
		}
		held := p.Held()
		for node, bytes := range held.Nodes {
			if bytes < 0 {
				t.Errorf("%s: node %d holds %d bytes", model, node, bytes)
			}
		}
		if held.Total != math.MaxInt64 {
			t.Errorf("%s: %d bytes in all", model, held.Total)
		}
		if n := p.Traffic(func(_, _ topology.ID) int { return 5 }); n < 0 || model != InFunction && n != math.MaxInt64 {
			t.Errorf("%s: traffic %d", model, n)
		}
		if s := p.Largest(); s == nil || s.Bytes < huge {
			t.Errorf("%s: largest %+v", model, s)
		}
	}
}

// rule is an execution model of the study's.
func rule(m Model) Rule {
	r, _ := Rules.Find(catalogue.New(Section()), string(m))
	return r
}
