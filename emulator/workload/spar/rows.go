package spar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/workload"
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
	file, err := readfile.Open(t.Name, MaxSize)
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
		if j := &t.Jobs[i]; fmt.Sprintf("j_%d", j.Number) == job {
			return j.largest(f), true
		}
	}
	return Task{}, false
}

// Find is the task of a job, both by their names; ok is false where there is none.
func (t *Trace) Find(job, name string) (task Task, ok bool) {
	for i := range t.Jobs {
		j := &t.Jobs[i]
		if fmt.Sprintf("j_%d", j.Number) != job {
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
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), maxRow)
	for line := 1; scanner.Scan(); line++ {
		number, _, found, err := parseRow(rowOf(scanner.Text(), line))
		if err == nil && fmt.Sprintf("j_%d", number) == job && same(&found, &task) {
			return line, nil
		}
	}
	if err := scanner.Err(); !errors.Is(err, bufio.ErrTooLong) {
		return 0, err
	}
	return 0, nil
}
