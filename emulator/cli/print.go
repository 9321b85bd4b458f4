package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"testbed/emulator/internal/printable"
)

// escaped is the state whose Stdout and Stderr escape what a terminal would act on: names, notes and errors come
// from files and other programs, and a new command cannot forget it. Only what is the user's own copy of data goes
// around it, by exactOut and exactErr: what exec runs, logs, JSON and files on standard output. flush ends it.
func (s *State) escaped() (safe *State, flush func()) {
	copied := *s
	copied.out, copied.err = s.Stdout, s.Stderr
	out, err := printable.NewWriter(s.Stdout), printable.NewWriter(s.Stderr)
	copied.Stdout, copied.Stderr = out, err
	return &copied, func() {
		_, _ = out.Flush(), err.Flush() // half a character at most
	}
}

// exactOut is standard output, to which every byte goes as it is.
func (s *State) exactOut() io.Writer {
	if s.out != nil {
		return s.out
	}
	return s.Stdout
}

// exactErr is standard error, to which every byte goes as it is.
func (s *State) exactErr() io.Writer {
	if s.err != nil {
		return s.err
	}
	return s.Stderr
}

// printf prints text; its arguments are data, and stay on the line where they are.
func printf(w io.Writer, format string, args ...any) error {
	printable.Args(args)
	_, err := fmt.Fprintf(w, format, args...)
	return err
}

// safeTable is a table whose cells stay within their lines.
type safeTable struct{ table.Writer }

// AppendRow implements table.Writer.
func (t safeTable) AppendRow(row table.Row, configs ...table.RowConfig) {
	printable.Args(row)
	t.Writer.AppendRow(row, configs...)
}

// AppendRows implements table.Writer.
func (t safeTable) AppendRows(rows []table.Row, configs ...table.RowConfig) {
	for _, row := range rows {
		t.AppendRow(row, configs...)
	}
}

// complain prints an error and a hint; either may be empty. An error's further lines are indented, so that
// nothing in it looks like a line of ours.
func complain(s *State, err error, hint string) {
	if text := err.Error(); text != "" {
		fmt.Fprintf(s.Stderr, "testbed: %s\n", strings.ReplaceAll(text, "\n", "\n  "))
	}
	if hint != "" {
		_ = printf(s.Stderr, "hint: %s\n", hint)
	}
}
