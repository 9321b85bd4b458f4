package experiment

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/parquet"
)

// The tables in an experiment's directory, each as .csv and .parquet.
const (
	ChainsTable = "chains"
	StepsTable  = "steps"
	CellsTable  = "cells"
	MovesTable  = "moves" // only where something moved
)

// line is what a row of a table is about.
type line struct {
	cell   *Cell
	result *Result
	chain  *Chain
	step   *Step
	move   *Move
}

// column is a column of a table: its name, which has the unit, and one of the functions that give its values.
type column struct {
	name   string
	text   func(*line) string
	whole  func(*line) int64
	number func(*line) float64 // NaN: there is none
}

func (c *column) parquet() parquet.Column {
	switch {
	case c.whole != nil:
		return parquet.Column{Name: c.name, Type: parquet.Int64, Encoding: parquet.Dictionary}
	case c.number != nil:
		return parquet.Column{Name: c.name, Type: parquet.Double, Encoding: parquet.Split}
	}
	return parquet.Column{Name: c.name, Type: parquet.Text, Encoding: parquet.Dictionary}
}

// field is a value as CSV has it: numbers with all their digits, nothing where there is none.
func (c *column) field(l *line) string {
	switch {
	case c.whole != nil:
		return strconv.FormatInt(c.whole(l), 10)
	case c.number != nil:
		return decimal(c.number(l))
	}
	return oneLine(c.text(l))
}

// decimal is a number with all its digits; empty: there is none.
func decimal(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// oneLine is a text without line breaks, which not every reader of CSV understands.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"),
		func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// table is a table being written in both forms.
type table struct {
	columns []column
	csv     *outdir.File
	out     *bufio.Writer
	lines   *csv.Writer
	binary  *outdir.File
	groups  *parquet.Writer
	values  []parquet.Values
	rows    int
	fields  []string
}

// groupRows is how many rows of a Parquet file are kept together; it bounds the memory for writing.
const groupRows = 1 << 16

func createTable(dir *outdir.Dir, name string, columns []column) (*table, error) {
	t := &table{columns: columns, values: make([]parquet.Values, len(columns)), fields: make([]string, len(columns))}
	var err error
	if t.csv, err = dir.Create(name + ".csv"); err != nil {
		return nil, err
	}
	if t.binary, err = dir.Create(name + ".parquet"); err != nil {
		return nil, errors.Join(err, t.csv.Abort())
	}
	var schema []parquet.Column
	for i := range columns {
		schema, t.fields[i] = append(schema, columns[i].parquet()), columns[i].name
	}
	t.out = bufio.NewWriterSize(t.csv, 64<<10)
	t.lines = csv.NewWriter(t.out)
	_ = t.lines.Write(t.fields) // it remembers a failure
	if t.groups, err = parquet.NewWriter(t.binary, "testbed version experiment (build 1)", schema); err != nil {
		return nil, errors.Join(err, t.abort())
	}
	return t, nil
}

func (t *table) add(l *line) error {
	for i := range t.columns {
		c, v := &t.columns[i], &t.values[i]
		t.fields[i] = c.field(l)
		switch {
		case c.whole != nil:
			v.Ints = append(v.Ints, c.whole(l))
		case c.number != nil:
			v.Floats = append(v.Floats, c.number(l))
		default:
			v.Texts = append(v.Texts, t.fields[i])
		}
	}
	_ = t.lines.Write(t.fields)
	if t.rows++; t.rows < groupRows {
		return nil
	}
	return t.flush()
}

func (t *table) flush() error {
	err := t.groups.Group(t.values)
	for i, v := range t.values {
		t.values[i] = parquet.Values{Ints: v.Ints[:0], Floats: v.Floats[:0], Texts: v.Texts[:0]}
	}
	t.rows = 0
	t.lines.Flush()
	return errors.Join(err, t.lines.Error())
}

// finish completes both files and gives them their names.
func (t *table) finish() error {
	if err := errors.Join(t.flush(), t.out.Flush(), t.groups.Close(), t.csv.Sync(), t.binary.Sync()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", t.csv.Path(), err), t.abort())
	}
	return errors.Join(t.csv.Commit(), t.binary.Commit())
}

func (t *table) abort() error { return errors.Join(t.csv.Abort(), t.binary.Abort()) }
