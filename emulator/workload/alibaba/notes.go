package alibaba

import (
	"errors"
	"fmt"

	"testbed/emulator/internal/printable"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Notes say what a user should know of the rows and jobs of the trace that were left out.
func (t *Trace) Notes(opts workload.Options) []string {
	notes := t.Trace.Notes(opts)
	for _, c := range []struct {
		n   int
		why string
	}{
		{t.Unfinished, "with a task that has no start_time or no end_time after it"},
		{t.Unsaid, "with a task of which no plan_cpu or no plan_mem is known"},
	} {
		if c.n > 0 {
			notes = append(notes, fmt.Sprintf("left out: %d job%s %s", c.n, rows.Plural(c.n), c.why))
		}
	}
	if t.Independent > 0 && opts.Tasks != workload.All {
		notes = append(notes, fmt.Sprintf(
			"left out: %d task%s whose names carry no precedence (workload.tasks: all takes them)",
			t.Independent, rows.Plural(t.Independent)))
	}
	return notes
}

// Stateless says why there are no jobs.
func (t *Trace) Stateless(opts workload.Options) error {
	notes := workload.Clauses(t.Notes(opts))
	switch jobs := len(t.Jobs); {
	case t.Rows == 0:
		return fmt.Errorf("%s is empty; a row of a trace is %s", t.Name, RowFormat)
	case jobs == 0:
		return fmt.Errorf("no job of %s is complete%s", t.Name, notes)
	default:
		return fmt.Errorf("of %s in %s none has a state: a job is the chain of its task 1 and all that wait for it, "+
			"directly or not, and a state is a task outside of the chain that one inside waits for, as M2 in M1, M2, J3_1_2; "+
			"workload.stateless: keep takes jobs without one, workload.tasks: all makes jobs of all tasks%s",
			printable.Count(jobs, "job"), t.Name, notes)
	}
}

// Row names, for messages, the row of a task of a job, by their names, or, where task is empty, the row that makes the
// job's largest argument or state; with file and line where the trace was read from a file.
func (t *Trace) Row(job, task string, f workload.Factors) string {
	text := t.Trace.Row(job, task, f)
	if task == "" {
		largest, ok := t.Largest(job, f)
		if !ok {
			return text
		}
		task = largest.Name
	}
	if line := t.find(job, task); line > 0 {
		return fmt.Sprintf("%s:%d: %s", t.path, line, text)
	}
	return text
}

// find is the line, from 1, of the file's first row of a task of a job; 0: there is none.
func (t *Trace) find(job, task string) (at int) {
	if t.path == "" {
		return 0
	}
	file, err := rows.Open(t.path, rows.MaxSize)
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	var found reader
	err = rows.Scan(file, t.path, func(line int, text string) error {
		if r, err := found.parse(text); err == nil && r.job == job && r.task == task {
			at = line
			return errFound
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return 0
	}
	return at
}

var errFound = errors.New("found")
