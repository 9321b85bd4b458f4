package spar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Row names, for messages, the row of a task of a job, by their names, or, where task is empty, the row that makes the
// job's largest argument or state; with file and line where the trace was read from a file.
func (t *Trace) Row(job, task string, f workload.Factors) string {
	text := fmt.Sprintf("job %s, task %s", job, task)
	found, ok := t.Find(job, task)
	if task == "" {
		text = job
		if found, ok = t.Largest(job, f); ok {
			text = fmt.Sprintf("job %s, largest task %s with mem %g", job, found.Name, found.Mem)
		}
	}
	if !ok || !t.file {
		return text
	}
	file, err := rows.Open(t.Name, rows.MaxSize)
	if err != nil {
		return text
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	if line, err := FindRow(file, job, found); err == nil && line > 0 {
		return fmt.Sprintf("%s:%d: %s", t.Name, line, text)
	}
	return text
}

// Largest is the task of a job that makes its largest argument or state, as Chains would make them; ok is
// false where the trace has no such job. job is a name as in workload.Job.
func (t *Trace) Largest(job string, f workload.Factors) (task Task, ok bool) {
	for i := range t.Jobs {
		if j := &t.Jobs[i]; j.Name() == job {
			return j.largest(f), true
		}
	}
	return Task{}, false
}

// Find is the task of a job, both by their names; ok is false where there is none.
func (t *Trace) Find(job, name string) (task Task, ok bool) {
	for i := range t.Jobs {
		j := &t.Jobs[i]
		if j.Name() != job {
			continue
		}
		if at := slices.IndexFunc(j.Tasks, func(t Task) bool { return t.Name == name }); at >= 0 {
			return j.Tasks[at], true
		}
	}
	return Task{}, false
}

func (j *Job) largest(f workload.Factors) Task {
	var d dag
	d.fill(j)
	d.chain()
	best, most := j.Tasks[0], int64(-1)
	for _, t := range j.Tasks {
		factor := f.State
		if at, _ := slices.BinarySearch(d.numbers, t.Number); d.in[at] {
			factor = f.Argument
		}
		if size := scale(factor, t.Mem); size > most {
			best, most = t, size
		}
	}
	return best
}

// FindRow is the line, from 1, of the first row of a trace that defines a job's task with the same figures;
// 0: there is none.
func FindRow(r io.Reader, job string, task Task) (int, error) {
	b, at := NewBuilder(nil, ""), 0
	err := rows.Scan(r, b.Name, func(line int, row string) error {
		number, _, found, err := b.parseRow(row)
		if err == nil && (&Job{Number: number}).Name() == job && same(&found, &task) {
			at = line
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) || errors.Is(err, bufio.ErrTooLong) {
		err = nil
	}
	return at, err
}

var errFound = errors.New("found")
