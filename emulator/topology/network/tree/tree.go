// Package tree is what files of other tools consist of, whichever syntax they are in: values with the lines that they
// stand in. It reads JSON, YAML and XML within bounds.
package tree

import (
	"fmt"

	"testbed/emulator/internal/readfile"
)

// Bounds of a document: no network that a scenario may have needs as many values, or nests them as deeply.
const (
	MaxValues = 2_000_000
	MaxDepth  = 64
)

// Kind says what a value is.
type Kind uint8

// The kinds of values.
const (
	Null   Kind = iota
	Scalar      // a number, a text or a truth value: see Value.Text
	Map
	List
)

// Value is one value of a document. The zero value, and nil, are null.
type Value struct {
	Kind  Kind
	Line  int    // from 1
	Text  string // of a scalar
	Quote bool   // the scalar is a text, and no number or truth value
	Keys  []Member
	Items []*Value
}

// Member is a key of a map with its value. A key may come more than once, where the syntax allows that.
type Member struct {
	Name  string
	Line  int
	Value *Value
}

// Get is the value of a map's first key of that name; nil: there is none.
func (v *Value) Get(name string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.Keys {
		if v.Keys[i].Name == name {
			return v.Keys[i].Value
		}
	}
	return nil
}

// String is a scalar's text; empty: it is none.
func (v *Value) String() string {
	if v == nil || v.Kind != Scalar {
		return ""
	}
	return v.Text
}

// At is the line of a value, or of the one around it where it is absent.
func (v *Value) At(around *Value) int {
	switch {
	case v != nil && v.Line > 0:
		return v.Line
	case around != nil:
		return around.Line
	}
	return 1
}

// Is says whether a value is there and of a kind.
func (v *Value) Is(k Kind) bool { return v != nil && v.Kind == k }

// Error is what is wrong with a document, and where.
type Error struct {
	Line    int
	Message string
	Limit   bool // there is more than is read
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Unwrap is readfile.ErrLimit where there is more than is read.
func (e *Error) Unwrap() error {
	if e.Limit {
		return readfile.ErrLimit
	}
	return nil
}

// Failf is an error about a line.
func Failf(line int, format string, args ...any) error {
	return &Error{Line: line, Message: fmt.Sprintf(format, args...)}
}

// Budget counts a document's values.
type Budget struct{ used int }

// Take is called for each value, with the number of those around it.
func (b *Budget) Take(line, depth int) error {
	b.used++
	switch {
	case depth > MaxDepth:
		return &Error{line, fmt.Sprintf("values are nested more deeply than %d times", MaxDepth), true}
	case b.used > MaxValues:
		return &Error{line, fmt.Sprintf("there are more than %d values", MaxValues), true}
	}
	return nil
}
