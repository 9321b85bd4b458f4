package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing wrong in a scenario file, where it is, and what to do about it.
type Error struct {
	File    string `json:"file"`
	Line    int    `json:"line"`           // from 1; 0: the file is a flag of the command line
	Column  int    `json:"column"`         // from 1, in characters; 0 likewise
	Path    string `json:"path,omitempty"` // of the value, e.g. topology.links[2].rate; empty: the file as a whole
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`

	cause error
}

// Fault is what is wrong with the value at path, found when the scenario was worked out: where that stands, with what
// err says, which it wraps. The remedy may be empty where err says it.
func (s *Scenario) Fault(path, remedy string, err error) Errors {
	one := s.place(path)
	one.Path, one.Message, one.Remedy, one.cause = path, err.Error(), remedy, err
	return Errors{one}
}

// place is an error about the value at path that says no more than where that stands.
func (s *Scenario) place(path string) *Error {
	p := (&decoder{where: s.where}).position(path)
	return Errors{{File: s.path, Line: p.line, Column: p.column}}.said(s.settings)[0]
}

// Unwrap gives the error that says what is wrong, where another does.
func (e *Error) Unwrap() error { return e.cause }

// Error prints file:line:column: path: message; remedy.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Column)
	} else {
		b.WriteString(e.File + ": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Errors are all the errors of one file, in the file's order. It is what Parse and Load fail with.
type Errors []*Error

// Error prints one error a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first *Error.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// sorted puts the errors in the file's order and leaves out those said twice.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(e, func(a, b *Error) bool { return *a == *b })
}
