package workload

import (
	"math"
	"reflect"
	"testing"

	"testbed/emulator/internal/minstd"
)

func TestSelectKeepsTheShare(t *testing.T) {
	pool := make([]Job, 5000)
	for i := range pool {
		pool[i].Name = FunctionName(i)
	}
	for _, n := range []int{0, 50, 500, 5000, 9000} {
		for seed := range uint64(5) {
			got := Select(pool, n, seed)
			p := min(float64(n)/5000, 1)
			if limit := 5*math.Sqrt(5000*p*(1-p)) + 1; math.Abs(float64(len(got))-5000*p) > limit {
				t.Errorf("%d of 5000 by seed %d: %d kept, want %.0f ± %.0f", n, seed, len(got), 5000*p, limit)
			}
		}
	}
	if a, b := Select(pool, 100, 1), Select(pool, 100, 2); reflect.DeepEqual(a, b) {
		t.Error("two seeds select the same")
	}
	if got := Select(nil, 10, 1); got != nil {
		t.Errorf("of no jobs: %v", got)
	}
}

func TestSelectByHand(t *testing.T) {
	e := minstd.New(3)
	var want []int
	for i := range 10 {
		if e.Real(0, 1) < 0.4 {
			want = append(want, i)
		}
	}
	if got := SelectIndexes(10, 4, 3); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOutputs(t *testing.T) {
	chain := Job{Result: 9, States: []int64{5, 7}, Tasks: []Task{
		{Argument: 1, States: []int{0, 1}}, {Argument: 2, After: []int{0}}, {Argument: 4, After: []int{1}, States: []int{1}},
	}}
	fork := Job{Result: 9, Tasks: []Task{
		{Argument: 1}, {Argument: 2, After: []int{0}}, {Argument: 4, After: []int{0}}, {Argument: 8, After: []int{1, 2}},
	}}
	// Figure 3 of the study, with a second end, and bytes for the client in between.
	edges := Job{Result: 9, Tasks: []Task{
		{Argument: 1, Result: 100}, {Argument: 32, After: []int{0}, Edges: []int64{32}},
		{Argument: 80, After: []int{0, 1}, Edges: []int64{16, 60}}, {Argument: 3, After: []int{1}, Edges: []int64{0}},
	}}
	for _, c := range []struct {
		job  Job
		line bool
		want []int64
	}{
		{chain, true, []int64{2, 4, 9}}, {fork, false, []int64{6, 4, 4, 9}}, {edges, false, []int64{148, 60, 5, 4}},
	} {
		if c.job.Chain() != c.line {
			t.Errorf("%+v: chain %v, want %v", c.job, c.job.Chain(), c.line)
		}
		for i, want := range c.want {
			if got := c.job.Output(i); got != want {
				t.Errorf("task %d returns %d bytes, want %d", i, got, want)
			}
		}
	}
	var room []int64
	for _, j := range []Job{chain, fork, edges, chain} {
		room = j.Outputs(room)
		for i := range j.Tasks {
			if room[i] != j.Output(i) {
				t.Errorf("task %d returns %d bytes, want %d", i, room[i], j.Output(i))
			}
		}
	}
	if got := edges.Tasks[0].Input() + 10*edges.Tasks[1].Input() + 100*edges.Tasks[2].Input(); got != 1+0+400 {
		t.Errorf("the client sends %d", got)
	}
	if got := edges.Returned(); got != 109 {
		t.Errorf("%d bytes come back", got)
	}
	if got := chain.Accesses(); !reflect.DeepEqual(got, []int{1, 2}) {
		t.Errorf("accesses %v, want [1 2]", got)
	}
	if chain.StateBytes([]int{1}) != 7 || chain.AllStateBytes() != 12 {
		t.Errorf("states: %d of one, %d of all", chain.StateBytes([]int{1}), chain.AllStateBytes())
	}
}
