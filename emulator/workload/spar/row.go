package spar

import (
	"fmt"
	"strconv"
	"strings"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/workload/rows"
)

// RowFormat are the columns of a row: s since the trace's begin, j_N, the task's name, its duration in s, its use
// of processors in percent of one core and of memory in percent of a machine's, and its parallel instances.
const RowFormat = "arrival_s,job,task,duration_s,cpu,mem,instances"

// example is a row in the format, for messages.
const example = "0.05,j_1,R2_1,10,50.0,0.3,2"

// maxTask is the largest task number accepted: chains take time that grows with its square.
const maxTask = 10_000

// parseRow takes a row apart. With errNoDAG only the job is known.
func (b *Builder) parseRow(row string) (job int, arrival float64, task Task, err error) {
	var fields [columns]string
	n := rows.Split(row, fields[:])
	if n != columns {
		return 0, 0, task, misshapen(row, n)
	}
	number, isJob := strings.CutPrefix(fields[1], "j_")
	if !isJob {
		return 0, 0, task, fmt.Errorf("the job %s does not begin with j_; a row is %s, as %s%s",
			rows.Quote(fields[1]), RowFormat, example, hint(row))
	}
	if job, err = jobNumber(number); err != nil {
		return 0, 0, task, fmt.Errorf("the job %s is not j_ and a whole number", rows.Quote(fields[1]))
	}
	if noDAG(fields[2]) {
		return job, 0, task, errNoDAG
	}
	if arrival, err = rows.Quantity("arrival", fields[0]); err != nil {
		return job, 0, task, err
	}
	if arrival > 1e9 {
		return job, 0, task, fmt.Errorf("the arrival %q is later than 1e9 s", fields[0])
	}
	task, err = b.parseTask(fields[2:])
	return job, arrival, task, err
}

// columns is the number of a row's fields.
const columns = 7

// jobNumber reads the digits of j_N.
func jobNumber(digits string) (int, error) {
	n, err := strconv.ParseUint(digits, 10, 63)
	return int(n), err
}

var jobField = lazy.Regexp(`(?:^|[,;\t "])j_([0-9]{1,18})([,;\t "]|$)`)

// jobIn is the number of the job that a row not in the format names, or -1, and whether it is certainly all of
// it: the row may have been cut there.
func jobIn(row string) (job int, whole bool) {
	m := jobField().FindStringSubmatch(row)
	if m == nil {
		return -1, false
	}
	job, err := jobNumber(m[1])
	if err != nil {
		return -1, false
	}
	return job, m[2] != ""
}

// noDAG says whether a task's name is one of those that carry no dependencies.
func noDAG(name string) bool {
	return strings.Contains(name, "task_") || strings.Contains(name, "MergeTask") || strings.Contains(name, "Stg")
}

// parseTask reads name, duration, cpu, mem and instances.
func (b *Builder) parseTask(fields []string) (task Task, err error) {
	if task.Label, err = b.Label(fields[0]); err != nil {
		return task, err
	}
	var demand Demand
	for i, into := range []*float64{&task.Duration, &demand.CPU, &demand.Mem} {
		if *into, err = rows.Quantity([]string{"duration", "cpu", "mem"}[i], fields[1+i]); err != nil {
			return task, err
		}
	}
	if demand.Instances, err = rows.Whole("instances", fields[4]); err != nil {
		return task, err
	}
	task.Demand = b.Demand(demand)
	return task, nil
}

// parseName takes R7_6_2 apart: task 7, which waits for 6 and 2. A name without a digit is that of no task that
// another could wait for.
func parseName(name string) (number int, precedences []int, err error) {
	bad := func(why string) (int, []int, error) {
		err := fmt.Errorf("the task's name %s %s; "+
			"a name is a letter, its number, then _ and the number of each task it waits for, as R7_6", rows.Quote(name), why)
		if name != "" && !strings.ContainsAny(name, "0123456789") {
			err = &irrelevant{err}
		}
		return 0, nil, err
	}
	if len(name) < 2 || !('A' <= name[0] && name[0] <= 'Z' || 'a' <= name[0] && name[0] <= 'z') {
		return bad("does not begin with a letter and a number")
	}
	if more := strings.Count(name, "_"); more > 0 {
		precedences = make([]int, 0, more)
	}
	for i, rest, more := 0, name[1:], true; more; i++ {
		var part string
		part, rest, more = strings.Cut(rest, "_")
		n, err := strconv.Atoi(part)
		switch {
		case err != nil || n < 1 || part[0] == '+':
			return bad(fmt.Sprintf("has %s where a number is due", rows.Quote(part)))
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

// irrelevant is an ErrIrrelevant that prints as the error it is.
type irrelevant struct{ error }

func (e *irrelevant) Is(target error) bool { return target == ErrIrrelevant }
