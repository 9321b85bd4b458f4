package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/jedib0t/go-pretty/v6/table"

	"testbed/emulator/internal/printable"
)

// escaped is the state whose Stdout and Stderr escape what a terminal would act on: names, notes and errors come
// from files and other programs, and a new command cannot forget it. Only what is the user's own copy of data goes
// around it, by exactOut and exactErr: what exec runs, logs, JSON and files on standard output. flush ends it, and says
// whether all that was printed has got to standard output: no printer has to look by itself.
func (s *State) escaped() (safe *State, flush func() error) {
	copied := *s
	copied.raw, copied.err = s.Stdout, s.Stderr
	all := &remembering{to: s.Stdout}
	copied.out = all
	out, err := printable.NewWriter(all), printable.NewWriter(s.Stderr)
	copied.Stdout, copied.Stderr = out, err
	return &copied, func() error {
		_, _ = out.Flush(), err.Flush() // half a character at most
		return all.failed
	}
}

// remembering is a writer that writes nothing more once that has failed, and knows why.
type remembering struct {
	to     io.Writer
	failed error // an *outputError
}

// Write implements io.Writer.
func (w *remembering) Write(p []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.to.Write(p)
	if err != nil {
		w.failed = &outputError{err}
		err = w.failed
	}
	return n, err
}

// outputError is why something could not be printed.
type outputError struct{ cause error }

func (e *outputError) Error() string { return "writing to standard output: " + e.cause.Error() }

func (e *outputError) Unwrap() error { return e.cause }

// readerGone says whether an error is that nobody reads our output any more, as in testbed ls | head.
func readerGone(err error) bool {
	var output *outputError
	return errors.As(err, &output) && errors.Is(output.cause, syscall.EPIPE)
}

// exactOut is standard output, to which every byte goes as it is.
func (s *State) exactOut() io.Writer {
	if s.out != nil {
		return s.out
	}
	return s.Stdout
}

// commandOut is standard output itself, for a command that gets it as its own.
func (s *State) commandOut() io.Writer {
	if s.raw != nil {
		return s.raw
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
	// Nobody but programmers calls it that.
	if text := strings.ReplaceAll(err.Error(), context.Canceled.Error(), "interrupted"); text != "" {
		_, _ = fmt.Fprintf(s.Stderr, "testbed: %s\n", strings.ReplaceAll(text, "\n", "\n  "))
	}
	if hint != "" {
		_ = printf(s.Stderr, "hint: %s\n", hint)
	}
}
