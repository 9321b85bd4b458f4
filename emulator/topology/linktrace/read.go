package linktrace

import (
	"bytes"
	"fmt"
	"path/filepath"

	"testbed/emulator/internal/readfile"
)

// MaxFile is the size, in bytes, up to which files are read.
const MaxFile = 64 * readfile.MiB

// Format is what a file is written in.
type Format string

// The formats. Mahimahi's packet-delivery files have a line for each opportunity, its millisecond; CSV has rows of time
// and of what the link is like then, under a row of the columns' names.
const (
	Auto     Format = ""
	Mahimahi Format = "mahimahi"
	CSV      Format = "csv"
)

// End is what becomes of a link at the end of its trace.
type End string

// The ends. The default is Repeat.
const (
	Repeat End = "repeat"
	Hold   End = "hold"
)

// Options say how a file is read.
type Options struct {
	Format  Format // Auto: by its content
	Linear  bool   // of CSV
	End     End    // empty: Repeat
	WithRun bool
	Table   *Table // of CSV with a column distance: how the link is at one; nil: there is none
}

// Error is what is wrong with a file, and what to do about it.
type Error struct {
	File            string
	Line            int // 0: the file as a whole
	Problem, Remedy string
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Remedy == "" {
		return fmt.Sprintf("%s: %s", at, e.Problem)
	}
	return fmt.Sprintf("%s: %s; %s", at, e.Problem, e.Remedy)
}

// Load reads a file. Its error, an *Error or that of opening it, names file, line and remedy.
func Load(path string, o Options) (*Trace, error) {
	text, err := readfile.All(path, MaxFile)
	if err != nil {
		return nil, err
	}
	return Parse(path, text, o)
}

// Parse reads the content of a file. name is what errors call it; its last element is what the trace is called.
func Parse(name string, text []byte, o Options) (*Trace, error) {
	text = unmarked(text)
	if o.Format == Auto {
		o.Format = recognize(text)
	}
	t := &Trace{WithRun: o.WithRun, Linear: o.Linear, Hold: o.End == Hold}
	var err error
	switch {
	case o.Format == CSV:
		err = t.parseRows(name, text, o.Table)
	case o.Table != nil:
		err = &Error{name, 0, "opportunities have no distance to look up in a table", "leave table out"}
	case o.Linear:
		err = &Error{name, 0, "opportunities cannot be joined by straight lines", "leave interpolate out"}
	case o.End == Hold:
		err = &Error{name, 0, "opportunities have no last value that could hold", "leave end out: they begin anew"}
	default:
		err = t.parseOpportunities(name, text)
	}
	if err != nil {
		return nil, err
	}
	t.Name = filepath.Base(name)
	if err := t.Check(); err != nil {
		return nil, &Error{name, 0, err.Error(), ""}
	}
	return t, nil
}

// recognize tells the formats apart: mahimahi's first line is a number alone.
func recognize(text []byte) Format {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	if len(line) == 0 || len(bytes.Trim(line, "0123456789")) > 0 {
		return CSV
	}
	return Mahimahi
}
