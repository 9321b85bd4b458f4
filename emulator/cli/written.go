package cli

import (
	"strings"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/resolved"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// writtenJob says what a job that a scenario writes down amounts to.
type writtenJob struct {
	Name     string        `json:"name"`
	Client   string        `json:"client"`
	Count    int           `json:"count"` // repetitions
	First    time.Duration `json:"first_ns"`
	Period   time.Duration `json:"period_ns"` // 0: there is none
	Tasks    int           `json:"tasks"`
	Depth    int           `json:"depth"`          // tasks on the longest path
	Argument int64         `json:"argument_bytes"` // what the client sends of its own
	Edges    int64         `json:"edges_bytes"`    // what tasks send one another
	Result   int64         `json:"result_bytes"`   // what the client keeps
	States   int64         `json:"states_bytes"`
}

// writtenJobs are the jobs that the scenario writes down, in its order.
func writtenJobs(e *resolved.Scenario) []writtenJob {
	first := map[string]*workload.Job{}
	for i := range e.Jobs {
		name, _, _ := strings.Cut(e.Jobs[i].Name, ".") // the number of a repetition
		if first[name] == nil {
			first[name] = &e.Jobs[i]
		}
	}
	var all []writtenJob
	for i := range e.Source.Workload.List {
		from := &e.Source.Workload.List[i]
		job := first[from.Name]
		w := writtenJob{Name: from.Name, Client: job.Client, Count: from.Count, First: job.Arrival, Period: from.Period,
			Tasks: len(job.Tasks), Result: job.Returned(), States: job.AllStateBytes()}
		depth := make([]int, len(job.Tasks))
		for k := range job.Tasks {
			task := &job.Tasks[k]
			for _, before := range task.After {
				depth[k] = max(depth[k], depth[before])
			}
			depth[k]++
			w.Depth = max(w.Depth, depth[k])
			w.Argument = units.Add(w.Argument, task.Input())
			w.Edges = units.Add(w.Edges, task.Argument-task.Input())
		}
		all = append(all, w)
	}
	return all
}

// printWritten prints the jobs that a scenario writes down, as many as a terminal shows.
func printWritten(s *State, jobs []writtenJob) error {
	if len(jobs) == 0 {
		return nil
	}
	const most = 40
	t := newTable(s, "Job", "Client", "Times", "First at", "Every", "Tasks", "Depth",
		"Argument", "Edges", "Result", "States")
	bytes := func(n int64) string { return units.ByteSize(n).String() }
	for _, j := range jobs[:min(most, len(jobs))] {
		every := "-"
		if j.Period > 0 {
			every = j.Period.String()
		}
		t.AppendRow([]any{j.Name, j.Client, j.Count, j.First, every, j.Tasks, j.Depth, bytes(j.Argument), bytes(j.Edges),
			bytes(j.Result), bytes(j.States)})
	}
	t.Render()
	if more := len(jobs) - most; more > 0 {
		return printf(s.Stdout, "... and %s more\n", printable.Count(more, "job"))
	}
	return nil
}
