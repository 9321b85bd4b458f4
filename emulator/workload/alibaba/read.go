package alibaba

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"testbed/emulator/workload/rows"
	"testbed/emulator/workload/spar"
)

// ErrFormat is wrapped by the error about a file of which no row is in the format.
var ErrFormat = errors.New("it is no batch_task.csv of Alibaba's trace v2018")

// Trace is a trace whose jobs are made by Spår's rule, of the same DAGs.
type Trace struct {
	*spar.Trace
	Unfinished  int // jobs with a task that has no start or no end; they are left out
	Unsaid      int // jobs with a task that says no plan_cpu or no plan_mem; they are left out
	Independent int // tasks of the other jobs whose names carry no precedence

	path string // of the file
}

// Read reads a trace: rows of RowFormat; a row that names the columns, a byte order mark and either line end do no
// harm. The rows of a job may stand anywhere. A job arrives when the first of its tasks starts, and a task takes from
// its start to its end. Jobs that lack something in one of their rows, or lost a row that is not in the format, are
// left out and counted. The error is that of reading r alone, or that there is more than is read; name is the
// file's, for messages.
func Read(r io.Reader, name string) (*Trace, error) {
	t := &reader{
		Builder: spar.NewBuilder(r, name), trace: &Trace{}, jobs: map[string]int32{}, lack: map[int]reason{},
	}
	if err := rows.Scan(r, name, t.line); err != nil {
		return nil, err
	}
	return t.finish(), nil
}

// Load reads the file at a path, which is the trace's name. It fails, beside Read's errors, where the file cannot be
// opened or no row is in the format.
func Load(path string) (*Trace, error) {
	t, err := rows.Load(path, rows.MaxSize, Read)
	if err != nil {
		return nil, err
	}
	if t.Rows > 0 && t.Count() == t.Rows {
		first := t.Malformed[0]
		return nil, fmt.Errorf("%s: %w: a row is such as %s, and this one is %s",
			first.Error(), ErrFormat, example, rows.Quote(t.First))
	}
	t.path = path
	return t, nil
}

// reason says why a job is left out.
type reason uint8

// The reasons; the largest that a job has is its reason.
const (
	unsaid reason = iota + 1
	unfinished
	malformed
)

// reader is a trace being read.
type reader struct {
	*spar.Builder
	trace *Trace
	jobs  map[string]int32 // index of a job, by its name
	last  int              // index of the last row's job
	lack  map[int]reason   // of jobs that are left out, by index
}

func (t *reader) line(line int, text string) error {
	if line == 1 && text == RowFormat {
		return nil
	}
	t.Rows++
	r, err := t.parse(text)
	at := -1
	if err == nil || errors.Is(err, errJob) {
		at = t.job(r)
	}
	if err == nil {
		err = t.add(at, r)
	}
	if err != nil {
		t.Leave(t.Name, line, text, err)
	}
	if err != nil && !errors.Is(err, spar.ErrIrrelevant) {
		t.leaveOut(at, malformed)
	}
	return t.Bounded(line)
}

// leaveOut notes that a job is left out; -1 is none.
func (t *reader) leaveOut(at int, why reason) {
	if at >= 0 {
		t.lack[at] = max(t.lack[at], why)
	}
}

// job is the index of the row's job.
func (t *reader) job(r row) int {
	if t.last < len(t.Jobs) && t.Jobs[t.last].Label == r.job {
		return t.last
	}
	n, known := t.jobs[r.job]
	at := int(n)
	if !known {
		name := strings.Clone(r.job) // the row is not kept
		room := cap(t.Jobs)
		at = t.Begin(spar.Job{Number: len(t.Jobs) + 1, Label: name, Arrival: math.MaxInt64})
		if cap(t.Jobs) > room { // once for all jobs: a map that grows by itself takes more
			jobs := make(map[string]int32, cap(t.Jobs))
			maps.Copy(jobs, t.jobs)
			t.jobs = jobs
		}
		t.jobs[name] = int32(at)
	}
	t.last = at
	return at
}

// add adds a row to its job.
func (t *reader) add(at int, r row) error {
	if r.unfinished {
		t.leaveOut(at, unfinished)
	}
	if r.unsaid {
		t.leaveOut(at, unsaid)
	}
	if r.unfinished || r.unsaid {
		return nil
	}
	job := &t.Jobs[at]
	job.Arrival = min(job.Arrival, time.Duration(math.Round(r.start*1e9)))
	task := spar.Task{
		Demand:   t.Demand(spar.Demand{CPU: r.cpu, Mem: r.mem, Instances: r.instances}),
		Duration: r.end - r.start,
	}
	if independent(r.task) {
		return t.AddIndependent(at, strings.Clone(r.task), task)
	}
	var err error
	if task.Label, err = t.Label(r.task); err != nil {
		return errors.New(err.Error()) // whatever a job of Spår's is without it
	}
	return t.Add(at, task)
}

// finish leaves out what is not complete, and counts it.
func (t *reader) finish() *Trace {
	for _, why := range t.lack {
		switch why {
		case malformed:
			t.Lost++
		case unfinished:
			t.trace.Unfinished++
		case unsaid:
			t.trace.Unsaid++
		}
	}
	t.trace.Trace = t.Builder.Trace
	if len(t.lack) > 0 {
		t.Jobs = slices.DeleteFunc(t.Jobs, func(j spar.Job) bool { return t.lack[j.Number-1] > 0 })
	}
	for i := range t.Jobs {
		for _, task := range t.Jobs[i].Tasks {
			if task.Independent() {
				t.trace.Independent++
			}
		}
	}
	return t.trace
}
