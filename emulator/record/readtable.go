package record

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/readfile"
)

// EachChain calls each for every row of a table of chains, chains.csv, until it fails. Columns may be in any
// order, and unknown ones are left alone. Where the last line is cut off it does so for all others, and returns
// an error that wraps ErrTruncated. More than MaxChains rows, or a row of more than MaxRow bytes, are an error
// that wraps readfile.ErrLimit. The chain is valid during the call only.
func EachChain(path string, each func(*Chain) error) error {
	f, err := readfile.Open(path, MaxTableSize)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := eachChain(f, each); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// eachChain holds a row back until it knows that another follows it: the last one may have lost digits.
func eachChain(r io.Reader, each func(*Chain) error) error {
	budget := readfile.NewBudget(r, MaxRow, "row")
	table := csv.NewReader(budget)
	table.FieldsPerRecord = -1
	header, err := table.Read()
	if err == io.EOF {
		return fmt.Errorf("the file is empty: %w", ErrTruncated)
	} else if err != nil {
		return err
	}
	known := map[string]column{}
	for _, col := range columns() {
		known[col.name] = col
	}
	table.ReuseRecord = true
	var held, c Chain
	for rows := 0; ; rows++ {
		budget.Reset()
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			if budget.Last() != '\n' {
				return ErrTruncated
			}
			if rows == 0 {
				return nil
			}
			return each(&held)
		}
		if rows > 0 {
			if err := each(&held); err != nil {
				return err
			}
		}
		c = Chain{}
		if err == nil {
			line, _ := table.FieldPos(0)
			if err = readRow(&c, known, header, row); err == nil && rows == MaxChains {
				err = fmt.Errorf("at most %d chains are read: %w", MaxChains, readfile.ErrLimit)
			}
			if err != nil {
				err = fmt.Errorf("line %d: %w", line, err)
			}
		} else if errors.Is(err, readfile.ErrLimit) {
			err = fmt.Errorf("row %d: %w", rows+1, err)
		}
		if err != nil {
			if _, end := table.Read(); errors.Is(end, io.EOF) && budget.Last() != '\n' {
				return fmt.Errorf("row %d: %w", rows+1, ErrTruncated)
			}
			return err
		}
		held = c
	}
}

// finite reads a number, and no other values of a float64.
func finite(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = fmt.Errorf("%q is no number", s)
	}
	return v, err
}

func readRow(c *Chain, known map[string]column, header, row []string) error {
	if len(row) != len(header) {
		return fmt.Errorf("%s, not %d", printable.Count(len(row), "column"), len(header))
	}
	for i, name := range header {
		if col, ok := known[name]; ok {
			if err := col.set(c, row[i]); err != nil {
				return fmt.Errorf("column %s: %w", name, err)
			}
		}
	}
	return nil
}
