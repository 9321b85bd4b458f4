package wfformat

import (
	"fmt"
	"iter"

	"testbed/emulator/units"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Each makes the workflow one job, which arrives at 0: a DAG, unless a chain is wanted, whose tasks then follow one
// another in the trace's order, each taking all of its bytes from the one before it. It has no states.
func (t *Trace) Each(opts workload.Options) iter.Seq[workload.Job] {
	return func(yield func(workload.Job) bool) {
		if !opts.Stateless.Keep(false) {
			return
		}
		job := workload.Job{Name: t.Name, Tasks: make([]workload.Task, len(t.Tasks))}
		for i := range t.Tasks {
			job.Tasks[i] = t.task(i, opts)
		}
		yield(job)
	}
}

func (t *Trace) task(i int, opts workload.Options) workload.Task {
	from := &t.Tasks[i]
	task := workload.Task{
		Name: from.ID, Function: from.Function, Ops: rows.Round(from.Seconds * opts.Factors.Ops),
		Argument: t.size(from.Input), Result: t.size(from.Output),
	}
	edges := make([]int64, len(from.Edges))
	for k, bytes := range from.Edges {
		edges[k] = t.size(bytes)
		task.Argument = units.Add(task.Argument, edges[k])
	}
	switch {
	case opts.Shape != workload.ShapeChain && len(edges) > 0:
		task.After, task.Edges = from.After, edges
	case opts.Shape == workload.ShapeChain && i > 0:
		task.After = []int{i - 1}
	}
	return task
}

// size is a number of bytes of the job.
func (t *Trace) size(bytes float64) int64 { return rows.Round(bytes * t.Factor) }

// Notes say what the file does not say.
func (t *Trace) Notes(opts workload.Options) []string {
	var notes []string
	note := func(n int, what, then string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("the workflow %s has %d %s%s %s", t.Name, n, what, rows.Plural(n), then))
		}
	}
	note(t.Strange, "task", "executed that it does not specify: left out")
	note(t.Timeless, "task", "without a runtime: no operations")
	note(t.Sizeless, "file", "without a size: no bytes")
	if opts.Shape != workload.ShapeChain {
		note(t.Around, "file", "read by tasks that do not wait, themselves, for its writer: they go by way of the client")
	}
	return notes
}

// Errors are none, for a workflow is read as a whole or not at all.
func (t *Trace) Errors(int) []error { return nil }

// Stateless says why there is no job.
func (t *Trace) Stateless(workload.Options) error {
	return fmt.Errorf("a workflow in WfFormat has no states: write workload.stateless: keep for %s", t.Name)
}

// Row names, for messages, a task of the workflow, or the one with the most bytes.
func (t *Trace) Row(_, task string, _ workload.Factors) string {
	file := t.path
	if file == "" {
		file = t.Name
	}
	if task == "" {
		most := -1.0
		for i := range t.Tasks {
			bytes := t.Tasks[i].Input
			for _, edge := range t.Tasks[i].Edges {
				bytes += edge
			}
			if bytes > most {
				most, task = bytes, t.Tasks[i].ID
			}
		}
		return fmt.Sprintf("%s: largest task %s, whose input files have %.0f bytes", file, task, most)
	}
	return fmt.Sprintf("%s: task %s", file, task)
}
