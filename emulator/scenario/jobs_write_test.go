package scenario_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// same makes of a job what it is when it was written down and read: bytes on its edges, results of its tasks.
func same(job workload.Job) workload.Job {
	outputs := job.Outputs(nil)
	tasks := slices.Clone(job.Tasks)
	for i := range tasks {
		t := &tasks[i]
		t.Edges = nil
		for k, before := range t.After {
			t.Edges = append(t.Edges, job.Tasks[i].Edge(k))
			outputs[before] -= job.Tasks[i].Edge(k)
		}
	}
	for i := range tasks {
		tasks[i].Result = outputs[i]
		if len(tasks[i].States) == 0 {
			tasks[i].States = nil
		}
	}
	job.Tasks, job.Result, job.Client = tasks, 0, ""
	return job
}

// Jobs derived from a trace are the same after they were written and read, chains and DAGs.
func TestWriteJobs(t *testing.T) {
	trace := spar.Synthesize(400, 7)
	for _, shape := range []workload.Shape{workload.ShapeChain, workload.ShapeDAG} {
		options := workload.DefaultOptions()
		options.Shape = shape
		jobs := trace.Derive(options)
		if len(jobs) < 50 {
			t.Fatalf("%d jobs", len(jobs))
		}
		var text strings.Builder
		text.WriteString("name: x\ntopology: {synth: iiot}\n")
		if err := scenario.WriteJobs(&text, slices.Values(jobs)); err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse([]byte(text.String()), "x.yaml", builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		set, err := s.Jobs()
		if err != nil || len(set.Jobs) != len(jobs) {
			t.Fatalf("%d jobs of %d, %v", len(set.Jobs), len(jobs), err)
		}
		slices.SortStableFunc(jobs, func(a, b workload.Job) int { return int(a.Arrival - b.Arrival) })
		for i := range jobs {
			if got, want := same(set.Jobs[i]), same(jobs[i]); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: got\n%+v, want\n%+v", shape, got, want)
			}
		}
	}
}

// Names of others become names that can be read, each its own.
func TestWriteJobsNames(t *testing.T) {
	task := func(name string, after ...int) workload.Task {
		return workload.Task{Name: name, Function: "a/b c", After: after, Edges: make([]int64, len(after))}
	}
	jobs := []workload.Job{
		{Name: "null", Tasks: []workload.Task{task("12"), task("a b", 0), task("a-b", 0), task("", 1, 2)}},
		{Name: "null", Tasks: []workload.Task{task(strings.Repeat("x", 90)), task(strings.Repeat("x", 80)), task("-_ü.")}},
		{Name: "j_17.2", Tasks: []workload.Task{task("yes"), task("1e3")}},
	}
	var text strings.Builder
	text.WriteString("name: x\ntopology: {synth: iiot}\n")
	if err := scenario.WriteJobs(&text, slices.Values(jobs)); err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse([]byte(text.String()), "x.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	set, err := s.Jobs()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range set.Jobs {
		got = append(got, j.Name)
		for _, task := range j.Tasks {
			got = append(got, task.Name)
		}
	}
	x := strings.Repeat("x", 63)
	want := []string{"null", "12", "a-b", "a-b-2", "task", "null-2", x, x[:61] + "-2", "task", "j_17-2", "yes", "1e3"}
	if !slices.Equal(got, want) || set.Jobs[0].Tasks[0].Function != "a-b-c" {
		t.Errorf("the names are %q", got)
	}
}
