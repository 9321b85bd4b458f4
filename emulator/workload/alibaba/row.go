package alibaba

import (
	"errors"
	"fmt"
	"strings"

	"testbed/emulator/workload/rows"
)

// RowFormat are the columns of a row. Of these task_type, status and instance_num are not used.
const RowFormat = "task_name,instance_num,job_name,task_type,status,start_time,end_time,plan_cpu,plan_mem"

// example is a row in the format, for messages.
const example = "R2_1,2,j_1,1,Terminated,97,110,100,0.3"

// columns is the number of a row's fields.
const columns = 9

// quantities are the last four columns.
var quantities = strings.Split(RowFormat, ",")[5:]

// maxName is the longest name of a task or job, in bytes.
const maxName = 255

// row is one row.
type row struct {
	job, task          string
	start, end         float64 // s since the trace's begin
	cpu, mem           float64 // percent of a core, of a machine's memory
	instances          int
	unfinished, unsaid bool // the times, or what the task asks for, are missing
}

// errJob is wrapped by errors about rows of which the job is known.
var errJob = errors.New("the job is known")

// parse takes a row apart. Where the error is an errJob, its job is known.
func (*reader) parse(text string) (r row, err error) {
	var f [columns]string
	if n := rows.Split(text, f[:]); n != columns {
		return r, fmt.Errorf("it has %d field%s; a row is %s, as %s", n, rows.Plural(n), RowFormat, example)
	}
	r.task, r.job = f[0], f[2]
	if err := checkName("job", r.job); err != nil {
		return r, err
	}
	if err := checkName("task", r.task); err != nil {
		return r, &ofJob{err}
	}
	for i, into := range []*float64{&r.start, &r.end, &r.cpu, &r.mem} {
		if f[5+i] == "" {
			continue
		}
		if *into, err = rows.Quantity(quantities[i], f[5+i]); err != nil {
			return r, &ofJob{err}
		}
	}
	if f[1] != "" {
		n, err := rows.Whole("instance_num", f[1])
		if err != nil {
			return r, &ofJob{err}
		}
		r.instances = n
	}
	r.unfinished = f[5] == "" || f[6] == "" || r.end < r.start
	r.unsaid = f[7] == "" || f[8] == ""
	if r.start > 1e9 {
		return r, &ofJob{fmt.Errorf("the start_time %q is later than 1e9 s", f[5])}
	}
	return r, nil
}

// checkName refuses names that are not a word.
func checkName(what, name string) error {
	word := func(c rune) bool { return c > ' ' && c < 0x7f && c != '"' }
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, func(c rune) bool { return !word(c) }) {
		return fmt.Errorf("the %s %s is not a word of at most %d characters", what, rows.Quote(name), maxName)
	}
	return nil
}

// independent says whether a task's name carries no precedence.
func independent(name string) bool {
	return strings.Contains(name, "task_") || strings.Contains(name, "MergeTask") || strings.Contains(name, "Stg")
}

// ofJob is an errJob that prints as the error it is.
type ofJob struct{ error }

func (e *ofJob) Is(target error) bool { return target == errJob }
func (e *ofJob) Unwrap() error        { return e.error }
