package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// figure3 is the study's figure 3: f1 sends something to f2 and to f3, f2 something to f3; f1 and f2 have a state S in
// common, of 1000 bytes. The client sends f1 100 bytes, out12, out13 and out23 have 20, 30 and 40, and f3 returns 5.
func figure3() workload.Job {
	return workload.Job{Name: "figure3", States: []int64{1000}, Result: 5, Tasks: []workload.Task{
		{Name: "f1", Function: "f1", Ops: 1, Argument: 100, States: []int{0}},
		{Name: "f2", Function: "f2", Ops: 1, Argument: 20, After: []int{0}, Edges: []int64{20}, States: []int{0}},
		{Name: "f3", Function: "f3", Ops: 1, Argument: 70, After: []int{0, 1}, Edges: []int64{30, 40}},
	}}
}

// messages are a plan's transfers between nodes: index of the step, from, to, bytes.
func messages(p *Plan, names map[topology.ID]string) []string {
	var list []string
	for i, s := range p.Steps {
		if s.Kind == Transfer {
			list = append(list, fmt.Sprintf("%d %s>%s %d", i, names[s.From], names[s.To], s.Bytes))
		}
	}
	return list
}

// The messages of figure 3 in each model, by hand: the client is C, workers are W1 to W3, central node and cloud R.
func TestFigure3(t *testing.T) {
	names := map[topology.ID]string{0: "C", 1: "W1", 2: "W2", 3: "W3", 9: "R"}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 2, 3}}}
	repository := `0 C>W1 100; 1 R>W1 1000; 3 W1>R 1000; 4 W1>C 50;
		5 C>W2 20; 6 R>W2 1000; 8 W2>R 1000; 9 W2>C 40; 10 C>W3 70; 12 W3>C 5`
	byClient := `0 R>C 1000; 1 C>W1 100; 3 W1>C 50; 4 C>R 1000;
		5 R>C 1000; 6 C>W2 20; 8 W2>C 40; 9 C>R 1000; 10 C>W3 70; 12 W3>C 5`
	for _, c := range []struct {
		model  Model
		access StateAccess
		want   string
	}{
		{External, ByWorker, repository}, {InEdge, ByWorker, repository},
		{External, ByClient, byClient}, {InEdge, ByClient, byClient},
		{InFunction, ByWorker, `0 C>W1 100; 2 W1>C 50; 3 C>W2 20; 5 W2>C 40; 6 C>W3 70; 8 W3>C 5`},
		{InClient, ByWorker, `0 C>W1 1100; 2 W1>C 1050; 3 C>W2 1020; 5 W2>C 1040; 6 C>W3 70; 8 W3>C 5`},
		{PureFaaS, ByWorker, `0 C>W1 1100; 2 W1>C 1050; 3 C>W2 1020; 5 W2>C 1040; 6 C>W3 1070; 8 W3>C 1005`},
	} {
		p := rule(c.model).Build([]workload.Job{figure3()}, 0, place, Sites{Cloud: 9, Central: 9}, c.access)
		if got, want := strings.Join(messages(p, names), "; "), strings.Join(strings.Fields(c.want), " "); got != want {
			t.Errorf("%s, by %s:\n%s\nwant\n%s", c.model, c.access, got, want)
		}
		if p.Serialised != 0 {
			t.Errorf("%s: %d serialised", c.model, p.Serialised)
		}
	}
}

// fan is a task, four branches and a join. The first two branches, the last and the join use state 0, the third state
// 1.
func fan() workload.Job {
	branch := func(state int) workload.Task {
		return workload.Task{Function: "f", Argument: 1, After: []int{0}, States: []int{state}}
	}
	return workload.Job{Name: "fan", States: []int64{10, 20}, Tasks: []workload.Task{
		{Function: "f", Argument: 1}, branch(0), branch(0), branch(1), branch(0),
		{Function: "f", Argument: 4, After: []int{1, 2, 3, 4}, States: []int{0}},
	}}
}

func TestBranchesThatCarryOneStateAreSerialised(t *testing.T) {
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1, 1, 1, 2, 1}}}
	for model, want := range map[Model][][]int{
		External: {nil, {0}, {0}, {0}, {0}, {1, 2, 3, 4}}, InFunction: {nil, {0}, {0}, {0}, {0}, {1, 2, 3, 4}},
		InClient: {nil, {0}, {0, 1}, {0}, {0, 2}, {1, 2, 3, 4}}, PureFaaS: {nil, {0}, {0, 1}, {0}, {0, 2}, {1, 2, 3, 4}},
	} {
		jobs := []workload.Job{fan()}
		p := rule(model).Build(jobs, 0, place, Sites{Cloud: 9}, ByWorker)
		serialised := 0
		for i, inv := range p.Invocations {
			if !slices.Equal(inv.After, want[i]) {
				t.Errorf("%s: task %d waits for %v, want %v", model, i, inv.After, want[i])
			}
			if len(inv.After) > len(jobs[0].Tasks[i].After) {
				serialised++
			}
			first := p.Steps[inv.Steps[0]].After
			for k, before := range inv.After {
				steps := p.Invocations[before].Steps
				if first[k] != steps[len(steps)-1] {
					t.Errorf("%s: the steps of task %d wait for %v", model, i, first)
				}
			}
		}
		if p.Serialised != serialised {
			t.Errorf("%s: %d serialised, want %d", model, p.Serialised, serialised)
		}
		if !slices.Equal(jobs[0].Tasks[2].After, []int{0}) {
			t.Errorf("%s: the job was changed: %+v", model, jobs[0])
		}
	}
}

// The first two branches are at one worker and use one state; the third uses another, the fourth is elsewhere, and the
// join comes after all.
func TestContestedStates(t *testing.T) {
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1, 1, 1, 2, 1}}}
	for _, model := range []Model{External, InFunction, InClient, PureFaaS} {
		p := rule(model).Build([]workload.Job{fan()}, 0, place, Sites{Cloud: 9}, ByWorker)
		var contested []int
		for i, inv := range p.Invocations {
			for _, s := range inv.States {
				if s.Contested {
					contested = append(contested, i)
				}
			}
		}
		var want []int
		if model == InFunction {
			want = []int{1, 2}
		}
		if !slices.Equal(contested, want) {
			t.Errorf("%s: contested by tasks %v, want %v", model, contested, want)
		}
	}
}

// Tasks that all carry one state wait for one another, and so hold what one of them does at a time.
func TestHeldOfSerialisedBranches(t *testing.T) {
	jobs := []workload.Job{{Name: "j", States: []int64{1000}, Tasks: []workload.Task{
		{Function: "f", States: []int{0}}, {Function: "f", States: []int{0}}, {Function: "f", States: []int{0}},
	}}}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1, 1}}}
	for model, want := range map[Model]int64{InClient: 1000 + 1000 + 1000, External: 1000 + 3*(1000+1000)} {
		if got := rule(model).Build(jobs, 0, place, Sites{Cloud: 4}, ByWorker).Held().Total; got != want {
			t.Errorf("%s: %d bytes, want %d", model, got, want)
		}
	}
}
