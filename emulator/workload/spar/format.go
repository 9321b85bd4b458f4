package spar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"testbed/emulator/workload"
)

// ErrFormat is wrapped by the error about a file of which no row is in the format.
var ErrFormat = errors.New("it is not a trace in Spår's format")

// Foreign is the error about a file of which no row is in the format: what a row should be, and the first that is
// not. It wraps ErrFormat, and is nil where there is a row, or none at all.
func (t *Trace) Foreign() error {
	if t.Rows == 0 || len(t.Malformed)+t.Unlisted < t.Rows {
		return nil
	}
	first := t.Malformed[0]
	row := "a row is " + RowFormat + ", as "
	if strings.Contains(first.Reason, RowFormat) {
		row = "a row is such as "
	}
	return fmt.Errorf("%s:%d: %s: %w: %s%s, and this one is %s",
		first.File, first.Line, first.Reason, ErrFormat, row, example, quote(t.first))
}

// misshapen is the error about a row of another number of fields.
func misshapen(row string, fields int) error {
	return fmt.Errorf("it has %d field%s; a row is %s%s", fields, plural(fields), RowFormat, hint(row))
}

// hint says, as the end of a message, what seems to be in a row instead.
func hint(row string) string {
	bare := strings.ReplaceAll(row, `"`, "")
	switch {
	case strings.HasPrefix(row, "\x1f\x8b"):
		return "; this is compressed: unpack it"
	case strings.ContainsRune(row, 0):
		return "; this is no text in UTF-8: save it as such"
	case strings.Contains(row, `"`) && strings.Count(bare, ",") == columns-1:
		return "; write the fields without quotes"
	case strings.Count(row, ";") >= columns-1:
		return "; put commas between the fields, not semicolons"
	case strings.Count(row, "\t") >= columns-1:
		return "; put commas between the fields, not tabs"
	case strings.Contains(row, "Terminated") || strings.Contains(row, "task_name"):
		return "; this seems to be a row of the cluster's own batch_task.csv (task_name,instance_num,job_name,task_type," +
			"status,start_time,end_time,plan_cpu,plan_mem): convert it, with the arrival of a job in each of its rows"
	}
	return ""
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// quote is a text of a file, for messages: short and printable.
func quote(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "..."
	}
	return strconv.Quote(text)
}

// Notes say what a user should know of the rows and jobs of the trace that were left out.
func (t *Trace) Notes(opts workload.Options) []string {
	var notes []string
	if text := t.malformed(); text != "" {
		notes = append(notes, text)
	}
	if n := t.cyclic(opts); n > 0 {
		notes = append(notes, fmt.Sprintf("%d job%s with a state %s no DAG, for tasks of %s wait for one another: left out",
			n, plural(n), []string{"are", "is"}[1/n], []string{"them", "it"}[1/n]))
	}
	return notes
}

// cyclic is the number of jobs that are left out because their tasks wait for one another.
func (t *Trace) cyclic(opts workload.Options) int {
	if opts.Shape != workload.ShapeDAG {
		return 0
	}
	var d dag
	n := 0
	for i := range t.Jobs {
		d.fill(&t.Jobs[i])
		if _, ok := d.stateful(opts); ok && d.cyclic {
			n++
		}
	}
	return n
}

// malformed says what was left out because it is not in the format; empty: nothing.
func (t *Trace) malformed() string {
	if len(t.Malformed) == 0 {
		return ""
	}
	n := len(t.Malformed) + t.Unlisted
	is, it := "are", "them"
	if n == 1 {
		is, it = "is", "it"
	}
	text := fmt.Sprintf("%d malformed row%s of the trace %s left out", n, plural(n), is)
	if t.Lost > 0 {
		text += fmt.Sprintf(", and with %s the %d job%s that lost a row", it, t.Lost, plural(t.Lost))
	}
	return text + ", the first: " + t.Malformed[0].Error() + " (workload.strict: true makes that an error)"
}

// Errors are about the rows that are not in the format: the first most, and one that counts the rest.
func (t *Trace) Errors(most int) []error {
	var errs []error
	for _, m := range t.Malformed[:min(most, len(t.Malformed))] {
		errs = append(errs, m)
	}
	if more := len(t.Malformed) + t.Unlisted - len(errs); more > 0 {
		errs = append(errs, fmt.Errorf("%s: %d more rows that are not in the format", t.Name, more))
	}
	return errs
}

// Stateless says why no job of the trace has a state.
func (t *Trace) Stateless(opts workload.Options) error {
	notes := ""
	for _, note := range t.Notes(opts) {
		notes += "; " + note
	}
	switch jobs := len(t.Jobs); {
	case t.Rows == 0:
		return fmt.Errorf("%s is empty; a row of a trace is %s", t.Name, RowFormat)
	case jobs == 0:
		return fmt.Errorf("no job of %s is left: %d of %d rows have a task whose name carries no DAG%s",
			t.Name, t.Skipped, t.Rows, notes)
	case t.file:
		return fmt.Errorf("of %d jobs in %s none has a state: "+
			"a job is the chain of its task 1 and all that wait for it, directly or not, "+
			"and a state is a task outside of the chain that one inside waits for, as M2 in the rows M1, M2, J3_1_2%s",
			jobs, t.Name, notes)
	default:
		return fmt.Errorf("of %d synthesized jobs none has a state; "+
			"raise workload.synth.jobs, or change workload.synth.seed", jobs)
	}
}
