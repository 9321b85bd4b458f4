package spar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
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

// maxTask is the largest task number accepted: chains take time that grows with its square.
const maxTask = 10_000

// Read reads a trace: rows of arrival_s,job,task,duration_s,cpu,mem,instances without a header. A new
// job begins where the number in j_N differs from the row before. Rows whose task name carries no DAG
// are counted in Skipped; rows that are not in the format are listed in Malformed, never fatal. The
// error is that of reading r alone, or that there is more than is read; name is the file's, for messages.
func Read(r io.Reader, name string) (*Trace, error) {
	trace := &reader{Trace: &Trace{Name: name}}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64<<10), maxRow)
	for line := 1; scanner.Scan(); line++ {
		row := strings.TrimSuffix(scanner.Text(), "\r")
		if row == "" {
			continue
		}
		trace.Rows++
		if err := trace.add(row); errors.Is(err, errNoDAG) {
			trace.Skipped++
		} else if err != nil {
			trace.malformed(line, err)
		}
		if trace.Rows > maxRows || trace.dependencies > maxDependencies {
			return nil, fmt.Errorf("%s:%d: at most %d rows and %d dependencies are read: %w", name, line, maxRows,
				maxDependencies, readfile.ErrLimit)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("trace %s: after %d rows: %w", name, trace.Rows, err)
	}
	return trace.Trace, nil
}

// reader is a trace being read.
type reader struct {
	*Trace
	dependencies int
	defined      map[int]string // tasks of the last job by number
}

func (t *reader) malformed(line int, err error) {
	if len(t.Malformed) == mostListed {
		t.Unlisted++
		return
	}
	t.Malformed = append(t.Malformed, &RowError{t.Name, line, err.Error()})
}

var errNoDAG = errors.New("the name carries no DAG")

// add appends a row to the trace's last job, or to a new one.
func (t *reader) add(row string) error {
	fields := strings.Split(row, ",")
	if len(fields) != 7 {
		return fmt.Errorf("it has %d fields; a row is arrival_s,job,task,duration_s,cpu,mem,instances", len(fields))
	}
	number, isJob := strings.CutPrefix(fields[1], "j_")
	if !isJob {
		return fmt.Errorf("the job %q does not begin with j_", fields[1])
	}
	if noDAG(fields[2]) {
		return errNoDAG
	}
	job, err := strconv.Atoi(number)
	if err != nil || job < 0 {
		return fmt.Errorf("the job %q is not j_ and a whole number", fields[1])
	}
	arrival, err := quantity("arrival", fields[0])
	if err != nil {
		return err
	}
	if arrival > 1e9 {
		return fmt.Errorf("the arrival %q is later than 1e9 s", fields[0])
	}
	task, err := parseTask(fields[2:])
	if err != nil {
		return err
	}
	if n := len(t.Jobs); n > 0 && t.Jobs[n-1].Number == job {
		if other, twice := t.defined[task.Number]; twice {
			return fmt.Errorf("the job has a task of number %d already: %s", task.Number, other)
		}
		t.defined[task.Number] = task.Name
		t.dependencies += len(task.Precedences)
		t.Jobs[n-1].Tasks = append(t.Jobs[n-1].Tasks, task)
		return nil
	}
	if t.defined == nil || len(t.defined) > 64 { // clearing a large one takes long
		t.defined = map[int]string{}
	}
	clear(t.defined)
	t.defined[task.Number] = task.Name
	t.dependencies += len(task.Precedences)
	t.Jobs = append(t.Jobs, Job{
		Number: job, Arrival: time.Duration(math.Round(arrival * 1e9)), Tasks: []Task{task},
	})
	return nil
}

// noDAG says whether a task's name is one of those that carry no dependencies.
func noDAG(name string) bool {
	return strings.Contains(name, "task_") || strings.Contains(name, "MergeTask") || strings.Contains(name, "Stg")
}

// parseTask reads name, duration, cpu, mem and instances.
func parseTask(fields []string) (Task, error) {
	task := Task{Name: fields[0]}
	var err error
	if task.Number, task.Precedences, err = parseName(fields[0]); err != nil {
		return task, err
	}
	for i, into := range []*float64{&task.Duration, &task.CPU, &task.Mem} {
		if *into, err = quantity([]string{"duration", "cpu", "mem"}[i], fields[1+i]); err != nil {
			return task, err
		}
	}
	instances, err := quantity("instances", fields[4])
	if err != nil {
		return task, err
	}
	if instances != math.Trunc(instances) || instances > math.MaxInt32 {
		return task, fmt.Errorf("the instances %q are not a whole number below 2^31", fields[4])
	}
	task.Instances = int(instances)
	return task, nil
}

// parseName takes R7_6_2 apart: task 7, which waits for 6 and 2.
func parseName(name string) (number int, precedences []int, err error) {
	bad := func(why string) (int, []int, error) {
		return 0, nil, fmt.Errorf("the task's name %q %s; a name is a letter, its number, then _ and the number of each task it waits for, as R7_6", name, why)
	}
	if len(name) < 2 || !('A' <= name[0] && name[0] <= 'Z' || 'a' <= name[0] && name[0] <= 'z') {
		return bad("does not begin with a letter and a number")
	}
	for i, part := range strings.Split(name[1:], "_") {
		n, err := strconv.Atoi(part)
		switch {
		case err != nil || n < 1 || part[0] == '+':
			return bad(fmt.Sprintf("has %q where a number is due", part))
		case n > maxTask:
			return bad(fmt.Sprintf("has the number %d, above %d", n, maxTask))
		case i == 0:
			number = n
		case n == number:
			return bad("waits for itself")
		default:
			precedences = append(precedences, n)
		}
	}
	return number, precedences, nil
}

// quantity reads a finite number that is not negative.
func quantity(what, s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || v < 0 || strings.ContainsAny(s, "xXpP_") {
		return 0, fmt.Errorf("the %s %q is not a number that is finite and not negative", what, s)
	}
	if v > 1e12 {
		return 0, fmt.Errorf("the %s %q is above 1e12", what, s)
	}
	return v, nil
}
