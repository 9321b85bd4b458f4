package spar

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"testbed/emulator/workload/rows"
)

// maxDependencies is how many precedences of all tasks are read of a trace, which may be anybody's.
const maxDependencies = 50_000_000

// Read reads a trace: rows of RowFormat without a header; a byte order mark and either line end do no harm. The
// rows with one number in j_N are one job, wherever they stand. Rows whose task name carries no DAG are counted in
// Skipped; rows that are not in the format are listed in Malformed, and a job that lost one of its rows by that
// is left out and counted in Lost: with what is left it would be another job. The error is that of reading r
// alone, or that there is more than is read; see Foreign for files in another format. name is the file's, for
// messages.
func Read(r io.Reader, name string) (*Trace, error) {
	trace := newReader(r, name)
	if err := rows.Scan(r, name, trace.line); err != nil {
		return nil, err
	}
	trace.leaveOut()
	return trace.Trace, nil
}

// ReadText is Read of a text that is there as a whole, and stays: rows are parts of it.
func ReadText(text, name string) (*Trace, error) {
	trace, line := newReader(nil, name), 0
	const job = 150 // bytes of a job's rows, about
	trace.Jobs = slices.Grow(trace.Jobs, len(text)/job)
	for row := range strings.Lines(text) {
		line++
		if row = rows.Clean(strings.TrimSuffix(row, "\n"), line); row == "" {
			continue
		}
		if err := trace.line(line, row); err != nil {
			return nil, err
		}
	}
	trace.leaveOut()
	return trace.Trace, nil
}

func newReader(r io.Reader, name string) *reader {
	return &reader{Builder: NewBuilder(r, name), lost: map[int]bool{}, last: -1}
}

// line takes a line of the file, and fails where there is more than is read.
func (t *reader) line(line int, row string) error {
	t.Rows++
	if err := t.add(row); errors.Is(err, errNoDAG) {
		t.Skipped++
	} else if err != nil {
		t.note(line, row, err)
	}
	return t.Bounded(line)
}

// Load reads the file at a path, which is the trace's name. It fails, beside Read's errors, where the file cannot be
// opened or no row is in the format.
func Load(path string) (*Trace, error) {
	trace, err := rows.Load(path, rows.MaxSize, Read)
	if err != nil {
		return nil, err
	}
	trace.file = true
	return trace, trace.Foreign()
}

// reader is a trace being read.
type reader struct {
	*Builder
	lost   map[int]bool // numbers of the jobs that lost a row
	last   int          // number of the job of the last row; -1: there is none
	astray bool         // a row before this one is of no job that is known
}

// note notes a row that is not in the format, and the job that lost it. One that names no job can be of
// those before and after it; one without a digit, as a header is, of none.
func (t *reader) note(line int, row string, err error) {
	t.Leave(t.Name, line, row, err)
	if errors.Is(err, ErrIrrelevant) || !strings.ContainsAny(row, "0123456789") || row[0] == '#' {
		return
	}
	job, whole := jobIn(row)
	if !whole && t.last >= 0 {
		t.lost[t.last] = true
	}
	if job >= 0 {
		t.lost[job] = true
		t.follow(job)
	}
	t.astray = t.astray || !whole
}

// follow notes that a row of a job was read.
func (t *reader) follow(job int) {
	if t.astray {
		t.lost[job] = true
	}
	t.astray, t.last = false, job
}

// leaveOut removes the jobs that lost a row.
func (t *reader) leaveOut() {
	if len(t.lost) == 0 {
		return
	}
	t.Lost = len(t.lost)
	t.Jobs = slices.DeleteFunc(t.Jobs, func(j Job) bool {
		if t.lost[j.Number] {
			t.Dropped += len(j.Tasks)
		}
		return t.lost[j.Number]
	})
}

var (
	errNoDAG = errors.New("the name carries no DAG")
	// ErrIrrelevant is wrapped by errors about rows without which a job is the same.
	ErrIrrelevant = errors.New("the job is the same without it")
)

// add appends a row to its job, or to a new one.
func (t *reader) add(row string) error {
	number, arrival, task, err := t.parseRow(row)
	if errors.Is(err, errNoDAG) {
		t.follow(number)
	}
	if err != nil {
		return err
	}
	t.follow(number)
	at, known := t.lookup(number)
	if !known {
		at = t.Begin(Job{Number: number, Arrival: time.Duration(math.Round(arrival * 1e9))})
	}
	return t.Add(at, task)
}
