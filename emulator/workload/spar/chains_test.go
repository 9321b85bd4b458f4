package spar

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/workload"
)

// checkChains asserts what must hold of every chain made from a trace.
func checkChains(t *testing.T, trace *Trace) {
	t.Helper()
	opts := workload.DefaultOptions()
	for _, job := range Chains(trace, opts) {
		if !job.Chain() || job.Length() == 0 || len(job.States) == 0 {
			t.Fatalf("%s: chain %v, %d tasks, %d states", job.Name, job.Chain(), job.Length(), len(job.States))
		}
		for s, n := range job.Accesses() {
			if n == 0 {
				t.Fatalf("%s: no task depends on state %d", job.Name, s)
			}
		}
		for _, task := range job.Tasks {
			if !slices.IsSorted(task.States) || len(slices.Compact(slices.Clone(task.States))) != len(task.States) {
				t.Fatalf("%s, %s: states %v do not ascend", job.Name, task.Name, task.States)
			}
			if task.Ops < 0 || task.Argument < 0 || !slices.Contains(workload.FunctionNames(opts.Functions), task.Function) {
				t.Fatalf("%s: impossible task %+v", job.Name, task)
			}
		}
		if job.Result != job.Tasks[0].Argument {
			t.Fatalf("%s: it returns %d bytes, want %d", job.Name, job.Result, job.Tasks[0].Argument)
		}
	}
}

// By hand: from task 1 the visit reaches 3, 4 and 6; 2 and 5 are outside. 3 waits for 2, 6 for 5 and 2.
func TestChainByHand(t *testing.T) {
	rows := `0,j_7,M1,10,100,0.5,1
0,j_7,M2,1,50,0.30,1
0,j_7,J3_2_1,3,50,0.2,1
0,j_7,J6_4_5_2,7,100,0.1,1
0,j_7,R4_3,0,100,0.4,1
0,j_7,M5,9,100,0.25,1
0,j_8,M1,1,100,0.5,1
0,j_8,R2_1,1,100,0.5,1
`
	trace, err := Read(strings.NewReader(rows), "hand")
	if err != nil || len(trace.Malformed) > 0 {
		t.Fatal(err, trace.Malformed)
	}
	jobs := Chains(trace, workload.Options{Factors: workload.Factors{Ops: 1000, Argument: 100, State: 10}, Functions: 1})
	if len(jobs) != 1 {
		t.Fatalf("%d jobs, want 1: j_8 has no state", len(jobs))
	}
	want := workload.Job{
		Name: "j_7", States: []int64{3, 3}, Result: 50, // 10·0.30; floor(0.5 + 10·0.25)
		Tasks: []workload.Task{
			{Name: "M1", Function: "f0", Ops: 10000, Argument: 50},
			{Name: "J3_2_1", Function: "f0", Ops: 1500, Argument: 20, After: []int{0}, States: []int{0}},
			{Name: "R4_3", Function: "f0", Ops: 0, Argument: 40, After: []int{1}},
			{Name: "J6_4_5_2", Function: "f0", Ops: 7000, Argument: 10, After: []int{2}, States: []int{0, 1}},
		},
	}
	if !reflect.DeepEqual(jobs[0], want) {
		t.Errorf("\n got %+v\nwant %+v", jobs[0], want)
	}
}

// A number that no row defines is a task without operations and size.
func TestUndefinedTasks(t *testing.T) {
	trace, err := Read(strings.NewReader("0,j_1,R2_1,1,100,0.5,1\n0,j_1,R3_2_9,1,100,0.5,1\n"), "t")
	if err != nil || len(trace.Malformed) > 0 {
		t.Fatal(err, trace.Malformed)
	}
	jobs := Chains(trace, workload.DefaultOptions())
	if len(jobs) != 1 || jobs[0].Length() != 3 || jobs[0].Tasks[0].Ops != 0 || !slices.Equal(jobs[0].States, []int64{0}) {
		t.Fatalf("got %+v, want three tasks, the first without operations, and one state of no size", jobs)
	}
}

// Functions come from one engine that runs through the kept jobs.
func TestFunctionDraws(t *testing.T) {
	trace := Synthesize(200, 3)
	opts := workload.DefaultOptions()
	engine := minstd.New(0)
	used := map[string]bool{}
	for _, job := range Chains(trace, opts) {
		for _, task := range job.Tasks {
			if want := workload.FunctionName(int(engine.Real(0, 10))); task.Function != want {
				t.Fatalf("%s, %s: function %s, want %s", job.Name, task.Name, task.Function, want)
			}
			used[task.Function] = true
		}
	}
	if len(used) != 10 {
		t.Errorf("%d of 10 functions are used", len(used))
	}
}
