package spar

import (
	"errors"
	"fmt"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// ErrFormat is wrapped by the error about a file of which no row is in the format.
var ErrFormat = errors.New("it is not a trace in Spår's format")

// Foreign is the error about a file of which no row is in the format: what a row should be, and the first that is
// not. It wraps ErrFormat, and is nil where there is a row, or none at all.
func (t *Trace) Foreign() error {
	if t.Rows == 0 || t.Count() < t.Rows {
		return nil
	}
	first := t.Malformed[0]
	row := "a row is " + RowFormat + ", as "
	if strings.Contains(first.Reason, RowFormat) {
		row = "a row is such as "
	}
	return fmt.Errorf("%s:%d: %s: %w: %s%s, and this one is %s",
		first.File, first.Line, first.Reason, ErrFormat, row, example, rows.Quote(t.First))
}

// misshapen is the error about a row of another number of fields.
func misshapen(row string, fields int) error {
	return fmt.Errorf("it has %d field%s; a row is %s%s", fields, rows.Plural(fields), RowFormat, hint(row))
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
		return "; this seems to be a row of the cluster's own batch_task.csv, which is the format alibaba"
	}
	return ""
}

// Notes say what a user should know of the rows and jobs of the trace that were left out.
func (t *Trace) Notes(opts workload.Options) []string {
	var notes []string
	if text := t.malformed(); text != "" {
		notes = append(notes, text)
	}
	if n := t.cyclic(opts); n > 0 {
		notes = append(notes, fmt.Sprintf("%d job%s %s no DAG, for tasks of %s wait for one another: left out",
			n, rows.Plural(n), []string{"are", "is"}[1/n], []string{"them", "it"}[1/n]))
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
		if tasks, states := d.choose(opts.Tasks); d.kept(opts, tasks, states) {
			if d.sort(opts.Shape); d.cyclic {
				n++
			}
		}
	}
	return n
}

// malformed says what was left out because it is not in the format; empty: nothing.
func (t *Trace) malformed() string {
	lost := ""
	if t.Lost > 0 {
		it := "them"
		if t.Count() == 1 {
			it = "it"
		}
		lost = fmt.Sprintf(", and with %s the %d job%s that lost a row", it, t.Lost, rows.Plural(t.Lost))
	}
	return t.Note(lost)
}

// Errors are about the rows that are not in the format: the first most, and one that counts the rest.
func (t *Trace) Errors(most int) []error { return t.Left.Errors(t.Name, most) }

// Stateless says why no job of the trace has a state.
func (t *Trace) Stateless(opts workload.Options) error {
	notes := workload.Clauses(t.Notes(opts))
	switch jobs := len(t.Jobs); {
	case t.Rows == 0:
		return fmt.Errorf("%s is empty; a row of a trace is %s", t.Name, RowFormat)
	case jobs == 0:
		return fmt.Errorf("no job of %s is left: %d of %s have a task whose name carries no DAG%s",
			t.Name, t.Skipped, printable.Count(t.Rows, "row"), notes)
	case t.file:
		return fmt.Errorf("of %s in %s none has a state: "+
			"a job is the chain of its task 1 and all that wait for it, directly or not, "+
			"and a state is a task outside of the chain that one inside waits for, as M2 in the rows M1, M2, J3_1_2; "+
			"workload.stateless: keep takes jobs without one%s",
			printable.Count(jobs, "job"), t.Name, notes)
	default:
		return fmt.Errorf("of %s none has a state; "+
			"raise workload.synth.jobs, or change workload.synth.seed", printable.Count(jobs, "synthesized job"))
	}
}
