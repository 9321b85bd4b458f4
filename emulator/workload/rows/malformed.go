package rows

import (
	"fmt"

	"testbed/emulator/internal/printable"
)

// Error is a row that is not in the format.
type Error struct {
	File   string
	Line   int // from 1
	Reason string
}

// Error is the usual FILE:LINE: REASON.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason) }

// MostListed is the number of malformed rows that are listed.
const MostListed = 1_000

// Left are the rows that were left out because they are not in the format.
type Left struct {
	Malformed []*Error // the first MostListed
	Unlisted  int      // further ones
	First     string   // the first one's text
}

// Leave notes a row that is not in the format.
func (l *Left) Leave(file string, line int, row string, err error) {
	if len(l.Malformed) == 0 {
		l.First = row
	}
	if len(l.Malformed) == MostListed {
		l.Unlisted++
		return
	}
	l.Malformed = append(l.Malformed, &Error{file, line, err.Error()})
}

// Count is the number of rows that are not in the format.
func (l *Left) Count() int { return len(l.Malformed) + l.Unlisted }

// Note says how many rows were left out, and with them something else that the clause names; empty: none.
func (l *Left) Note(clause string) string {
	n := l.Count()
	if n == 0 {
		return ""
	}
	is := "are"
	if n == 1 {
		is = "is"
	}
	return fmt.Sprintf("%d malformed row%s of the trace %s left out%s, the first: %s "+
		"(workload.strict: true makes that an error)", n, Plural(n), is, clause, l.Malformed[0].Error())
}

// Errors are about the rows that are not in the format: the first most, and one that counts the rest.
func (l *Left) Errors(name string, most int) []error {
	var errs []error
	for _, m := range l.Malformed[:min(most, len(l.Malformed))] {
		errs = append(errs, m)
	}
	if more := l.Count() - len(errs); more > 0 {
		errs = append(errs, fmt.Errorf("%s: %s not in the format", name, printable.Counted(more, "more row", "is", "are")))
	}
	return errs
}
