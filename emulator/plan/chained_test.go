package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// figure is a DAG: task 0 sends 12 and 13 bytes to tasks 1 and 2, these 24 and 34 to task 3, which gets 5 from the
// client as well; task 2 returns 9 to the client, and task 3 the job's result.
func figure() ([]workload.Job, *placement.Placement) {
	job := workload.Job{Name: "j", States: []int64{100, 200}, Result: 7, Tasks: []workload.Task{
		{Function: "f", Argument: 1, States: []int{0}},
		{Function: "g", Argument: 12, After: []int{0}, States: []int{0, 1}},
		{Function: "h", Argument: 13, After: []int{0}, Result: 9},
		{Function: "i", Argument: 24 + 34 + 5, After: []int{1, 2}, Edges: []int64{24, 34}, States: []int{1}},
	}}
	place := &placement.Placement{Client: []topology.ID{9}, Node: [][]topology.ID{{1, 2, 3, 2}}}
	return []workload.Job{job}, place
}

// TestWorkersSendEdges: each edge's bytes go from worker to worker, and a step waits for what its task needs.
func TestWorkersSendEdges(t *testing.T) {
	jobs, place := figure()
	orchestrated := func(m plan.Model) *plan.Plan {
		r, err := rule(m).Orchestrated(plan.Chained)
		if err != nil {
			t.Fatal(err)
		}
		return r.Build(jobs, 0, place, plan.Sites{Cloud: 4, Central: 3}, plan.ByWorker)
	}
	for m, want := range map[plan.Model][]string{
		plan.InFunction: {
			"0 request 9>1 1 []", "1 execute 1>1 0 [0]", "2 request 1>2 12 [1]", "3 execute 2>2 0 [2]",
			"4 request 1>3 13 [1]", "5 execute 3>3 0 [4]", "6 response 3>9 9 [5]",
			"7 request 9>2 5 []", "8 request 2>2 24 [3]", "9 request 3>2 34 [5]", "10 execute 2>2 0 [7 8 9]",
			"11 response 2>9 7 [10]",
		},
		plan.External: {
			"0 request 9>1 1 []", "1 read 4>1 100 [0]", "2 execute 1>1 0 [1]", "3 write 1>4 100 [2]",
			"4 request 1>2 12 [3]", "5 read 4>2 100 [4]", "6 read 4>2 200 [5]", "7 execute 2>2 0 [6]", "8 write 2>4 100 [7]",
			"9 write 2>4 200 [8]", "10 request 1>3 13 [3]", "11 execute 3>3 0 [10]", "12 response 3>9 9 [11]",
			"13 request 9>2 5 []", "14 request 2>2 24 [9]", "15 request 3>2 34 [11]", "16 read 4>2 200 [13 14 15]",
			"17 execute 2>2 0 [16]", "18 write 2>4 200 [17]", "19 response 2>9 7 [18]",
		},
		plan.StatePropagate: { // in the tasks' order
			"0 request 9>1 301 []", "1 execute 1>1 0 [0]", "2 request 1>2 312 [1]", "3 execute 2>2 0 [2]",
			"4 request 2>3 313 [3]", "5 execute 3>3 0 [4]", "6 request 3>2 363 [5]", "7 execute 2>2 0 [6]",
			"8 response 2>9 316 [7]",
		},
	} {
		var got []string
		for i, s := range orchestrated(m).Steps {
			got = append(got, fmt.Sprintf("%d %s %d>%d %d %v", i, s.Role, s.From, s.To, s.Bytes, s.After))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", m, got, want)
		}
	}
}

// Who is a chain's client in none of a model's calls is not to be asked for the states in each.
func TestModelsThatCannotBeChained(t *testing.T) {
	for _, m := range plan.Models {
		_, err := rule(m).Orchestrated(plan.Chained)
		want := m == plan.InClient || m == plan.PureFaaS
		if errors.Is(err, plan.ErrNotChained) != want || !want && err != nil {
			t.Errorf("%s: %v", m, err)
		}
		if r, err := rule(m).Orchestrated(plan.ByTheClient); err != nil || (r.Chained == nil) != (rule(m).Chained == nil) {
			t.Errorf("%s, by the client: %v", m, err)
		}
	}
}
