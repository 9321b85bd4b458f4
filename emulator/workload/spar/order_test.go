package spar

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/workload"
)

// The job of TestChainByHand as a DAG: 4 waits for 3; 6 for 4 and, once, for 3.
func TestDAGByHand(t *testing.T) {
	rows := `0,j_7,M1,10,100,0.5,1
0,j_7,M2,1,50,0.30,1
0,j_7,J3_2_1,3,50,0.2,1
0,j_7,J6_4_5_3_2_3,7,100,0.1,1
0,j_7,R4_1,0,100,0.4,1
0,j_7,M5,9,100,0.25,1
`
	trace, err := Read(strings.NewReader(rows), "hand")
	if err != nil || len(trace.Malformed) > 0 {
		t.Fatal(err, trace.Malformed)
	}
	jobs := Chains(trace, workload.Options{Shape: workload.ShapeDAG, Functions: 1,
		Factors: workload.Factors{Ops: 1000, Argument: 100, State: 10}})
	want := []workload.Job{{
		Name: "j_7", States: []int64{3, 3}, Result: 50,
		Tasks: []workload.Task{
			{Name: "M1", Function: "f0", Ops: 10000, Argument: 50},
			{Name: "J3_2_1", Function: "f0", Ops: 1500, Argument: 20, After: []int{0}, States: []int{0}},
			{Name: "R4_1", Function: "f0", Ops: 0, Argument: 40, After: []int{0}},
			{Name: "J6_4_5_3_2_3", Function: "f0", Ops: 7000, Argument: 10, After: []int{1, 2}, States: []int{0, 1}},
		},
	}}
	if !reflect.DeepEqual(jobs, want) {
		t.Errorf("\n got %+v\nwant %+v", jobs, want)
	}
}

// A task that waits for one of a larger number comes after it.
func TestOrderOfADAG(t *testing.T) {
	for _, c := range []struct{ names, order string }{
		{"M1 S2 R3_1_2 R4_3", "M1 R3_1_2 R4_3"},
		{"M1 S2 R3_1_5 R4_3 R5_1_2", "M1 R5_1_2 R3_1_5 R4_3"},
		{"M1 S2 R3_4_1_6 R4_1_6 R5_3 R6_1_2", "M1 R6_1_2 R4_1_6 R3_4_1_6 R5_3"},
		{"M1 S2 R3_1_2_4 R4_3", ""},
		{"M1_3 S2 R3_1_2", ""},
		{"M1 S2 R3_1_2 R4_1_5 R5_6_1 R6_4", ""},
	} {
		trace := &Trace{Jobs: []Job{{Number: 1}, {Number: 2}}}
		for _, name := range strings.Fields(c.names) {
			number, precedences, err := parseName(name)
			if err != nil {
				t.Fatal(err)
			}
			trace.Jobs[0].Tasks = append(trace.Jobs[0].Tasks, named(name, number, precedences...))
		}
		trace.Jobs[1].Tasks = []Task{named("S2", 2), named("R3_1_2", 3, 1, 2)}
		opts := workload.DefaultOptions()
		chains := Chains(trace, opts)
		opts.Shape = workload.ShapeDAG
		dags := Chains(trace, opts)
		notes := strings.Join(trace.Notes(opts), "")
		if c.order == "" {
			if len(dags) != 1 || !strings.Contains(notes, "1 job is no DAG, for tasks of it wait") {
				t.Errorf("%s: %d jobs, notes %q", c.names, len(dags), notes)
			}
		} else {
			var names []string
			for _, task := range dags[0].Tasks {
				names = append(names, task.Name)
			}
			if got := strings.Join(names, " "); got != c.order || notes != "" {
				t.Errorf("%s: the order is %q, want %q; notes %q", c.names, got, c.order, notes)
			}
			sameButAfter(t, chains[0], dags[0])
		}
		// What comes after a job that is left out is the same.
		sameButAfter(t, chains[1], dags[len(dags)-1])
	}
}

// sameButAfter holds two jobs to the same tasks in another order, and to one that their precedences permit.
func sameButAfter(t *testing.T, chain, dag workload.Job) {
	t.Helper()
	tasks := map[string]workload.Task{}
	for _, task := range chain.Tasks {
		task.After = nil
		tasks[task.Name] = task
	}
	for i, task := range dag.Tasks {
		if !slices.IsSorted(task.After) || len(task.After) > 0 && task.After[len(task.After)-1] >= i {
			t.Fatalf("%s, %s: task %d waits for %v", dag.Name, task.Name, i, task.After)
		}
		if (i > 0) != (len(task.After) > 0) {
			t.Fatalf("%s: task %d waits for %v: the first alone waits for none", dag.Name, i, task.After)
		}
		task.After = nil
		if !reflect.DeepEqual(task, tasks[task.Name]) {
			t.Fatalf("%s: %+v as a DAG, %+v as a chain", dag.Name, task, tasks[task.Name])
		}
	}
	if dag.Name != chain.Name || dag.Arrival != chain.Arrival || dag.Result != chain.Result ||
		len(dag.Tasks) != len(chain.Tasks) || !slices.Equal(dag.States, chain.States) {
		t.Fatalf("%+v as a DAG, %+v as a chain", dag, chain)
	}
}

// Chain and DAG of a synthesized trace have the same jobs.
func TestDAGsHaveTheChainsTasks(t *testing.T) {
	trace, opts := Synthesize(2000, 3), workload.DefaultOptions()
	chains := Chains(trace, opts)
	opts.Shape = workload.ShapeDAG
	dags, wide := Chains(trace, opts), 0
	if len(chains) != len(dags) {
		t.Fatalf("%d chains, %d DAGs", len(chains), len(dags))
	}
	for i := range chains {
		sameButAfter(t, chains[i], dags[i])
		if !dags[i].Chain() {
			wide++
		}
	}
	if wide == 0 {
		t.Error("all DAGs are chains")
	}
}

func named(name string, number int, precedences ...int) Task {
	return Task{Label: &Label{name, number, precedences}, Demand: &Demand{}}
}
