package spar

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"testbed/emulator/internal/readfile"
)

// What is read of a trace, which may be anybody's. All eight days of the cluster that Spår was fitted to have
// 14 million rows and 800 MB.
const (
	MaxSize         = 4 * readfile.GiB // of a trace's file, in bytes
	maxRow          = 1 << 20          // the longest row, in bytes
	maxRows         = 20_000_000
	maxDependencies = 50_000_000 // of all tasks
	mostListed      = 1_000      // malformed rows
)

// Read reads a trace: rows of RowFormat without a header; a byte order mark and either line end do no harm. The
// rows with one number in j_N are one job, wherever they stand. Rows whose task name carries no DAG are counted in
// Skipped; rows that are not in the format are listed in Malformed, and a job that lost one of its rows by that
// is left out and counted in Lost: with what is left it would be another job. The error is that of reading r
// alone, or that there is more than is read; see Foreign for files in another format. name is the file's, for
// messages.
func Read(r io.Reader, name string) (*Trace, error) {
	trace := newReader(name)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), maxRow)
	for line := 1; scanner.Scan(); line++ {
		if err := trace.line(scanner.Text(), line); err != nil {
			return nil, err
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("trace %s: after %d rows: %w", name, trace.Rows, err)
	}
	trace.leaveOut()
	return trace.Trace, nil
}

// ReadText is Read of a text that is there as a whole, and stays: rows are parts of it.
func ReadText(text, name string) (*Trace, error) {
	trace, line := newReader(name), 0
	const job = 150 // bytes of a job's rows, about
	trace.Jobs = slices.Grow(trace.Jobs, len(text)/job)
	for row := range strings.Lines(text) {
		line++
		if err := trace.line(strings.TrimSuffix(row, "\n"), line); err != nil {
			return nil, err
		}
	}
	trace.leaveOut()
	return trace.Trace, nil
}

func newReader(name string) *reader {
	return &reader{Trace: &Trace{Name: name}, lost: map[int]bool{}, last: -1}
}

// line takes a line of the file, and fails where there is more than is read.
func (t *reader) line(text string, line int) error {
	row := rowOf(text, line)
	if row == "" {
		return nil
	}
	t.Rows++
	if err := t.add(row); errors.Is(err, errNoDAG) {
		t.Skipped++
	} else if err != nil {
		t.note(line, row, err)
	}
	if t.Rows > maxRows || t.dependencies > maxDependencies {
		return fmt.Errorf("%s:%d: at most %d rows and %d dependencies are read: %w", t.Name, line, maxRows,
			maxDependencies, readfile.ErrLimit)
	}
	return nil
}

// Load reads the file at a path, which is the trace's name. It fails, beside Read's errors, where the file cannot be
// opened or no row is in the format.
func Load(path string) (*Trace, error) {
	f, err := readfile.Open(path, MaxSize)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	trace, err := Read(f, path)
	if err != nil {
		return nil, err
	}
	trace.file = true
	return trace, trace.Foreign()
}

// rowOf is a line without its end and, for the first, without a byte order mark.
func rowOf(text string, line int) string {
	if line == 1 {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	return strings.TrimSuffix(text, "\r")
}

// reader is a trace being read.
type reader struct {
	*Trace
	dependencies int
	jobs         map[int]int         // index of a job, by its number; nil as long as they ascend
	block        []Task              // where tasks are put
	defined      map[int]map[int]int // of jobs of many tasks: index of a task, by its number
	lost         map[int]bool        // numbers of the jobs that lost a row
	last         int                 // number of the job of the last row; -1: there is none
	astray       bool                // a row before this one is of no job that is known
}

// note notes a row that is not in the format, and the job that lost it. One that names no job can be of
// those before and after it; one without a digit, as a header is, of none.
func (t *reader) note(line int, row string, err error) {
	if len(t.Malformed) == 0 {
		t.Trace.first = row
	}
	if len(t.Malformed) == mostListed {
		t.Unlisted++
	} else {
		t.Malformed = append(t.Malformed, &RowError{t.Name, line, err.Error()})
	}
	if errors.Is(err, errIrrelevant) || !strings.ContainsAny(row, "0123456789") || row[0] == '#' {
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
	// errIrrelevant is wrapped by errors about rows without which a job is the same.
	errIrrelevant = errors.New("the job is the same without it")
)

// add appends a row to its job, or to a new one.
func (t *reader) add(row string) error {
	number, arrival, task, err := parseRow(row)
	if errors.Is(err, errNoDAG) {
		t.follow(number)
	}
	if err != nil {
		return err
	}
	t.follow(number)
	at, known := t.lookup(number)
	if !known {
		at = len(t.Jobs)
		t.Jobs = append(t.Jobs, Job{Number: number, Arrival: time.Duration(math.Round(arrival * 1e9))})
		if t.jobs != nil {
			t.jobs[number] = at
		}
	}
	job := &t.Jobs[at]
	if i, twice := t.find(at, task.Number); twice {
		other := &job.Tasks[i]
		if same(other, &task) {
			return fmt.Errorf("the job has this row already: %w", errIrrelevant)
		}
		return fmt.Errorf("the job j_%d has a task of number %d already: %s; number jobs and tasks apart",
			number, task.Number, other.Name)
	}
	t.dependencies += len(task.Precedences)
	t.append(job, task)
	t.define(at)
	return nil
}

// lookup is the index of the job of a number. Where jobs come in ascending order, which is usual, they are their own
// index; the first that does not makes one of all.
func (t *reader) lookup(number int) (at int, known bool) {
	if t.jobs != nil {
		at, known = t.jobs[number]
		return at, known
	}
	if last := len(t.Jobs) - 1; last < 0 || number > t.Jobs[last].Number {
		return 0, false
	} else if number == t.Jobs[last].Number {
		return last, true
	}
	at, known = slices.BinarySearchFunc(t.Jobs, number, func(j Job, n int) int { return cmp.Compare(j.Number, n) })
	if !known {
		t.jobs = make(map[int]int, 2*len(t.Jobs))
		for i := range t.Jobs {
			t.jobs[t.Jobs[i].Number] = i
		}
	}
	return at, known
}

// block is how many tasks are allocated at once.
const block = 1024

// append adds a task to a job. The rows of a job mostly follow one another, so that its tasks stand together at the end
// of a block.
func (t *reader) append(job *Job, task Task) {
	n := len(job.Tasks)
	if end := len(t.block); n > 0 && (end < n || end == cap(t.block) || &t.block[end-1] != &job.Tasks[n-1]) {
		job.Tasks = append(job.Tasks, task) // there is nothing behind its last task that is another's
		return
	} else if end == cap(t.block) {
		t.block = make([]Task, 0, block)
	}
	t.block = append(t.block, task)
	job.Tasks = t.block[len(t.block)-n-1 : len(t.block) : len(t.block)]
}

// few tasks of a job are searched one by one.
const few = 32

// find is the index of the task of a number in the job at an index.
func (t *reader) find(at, number int) (int, bool) {
	tasks := t.Jobs[at].Tasks
	if len(tasks) > few {
		i, there := t.defined[at][number]
		return i, there
	}
	i := slices.IndexFunc(tasks, func(other Task) bool { return other.Number == number })
	return i, i >= 0
}

// define makes the last task of a job known to find.
func (t *reader) define(at int) {
	tasks := t.Jobs[at].Tasks
	if len(tasks) <= few {
		return
	}
	if t.defined == nil {
		t.defined = map[int]map[int]int{}
	}
	index := t.defined[at]
	if index == nil {
		index = make(map[int]int, 2*few)
		t.defined[at] = index
		for i := range tasks {
			index[tasks[i].Number] = i
		}
	}
	index[tasks[len(tasks)-1].Number] = len(tasks) - 1
}

// same says whether two rows say the same of a task.
func same(a, b *Task) bool {
	return a.Name == b.Name && a.Duration == b.Duration && a.CPU == b.CPU && a.Mem == b.Mem && a.Instances == b.Instances
}
