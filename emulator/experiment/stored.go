package experiment

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"testbed/emulator/internal/readfile"
)

// A journal may be somebody else's, and a compressed record of a few kB can hold any number of rows: what is read of
// one is bounded by what the cell's plans have.
const (
	maxHead    = 1 << 20 // bytes of a record without its rows
	maxValues  = 20_000  // in it
	maxEngines = 64      // whose rows one record has
	maxMoves   = 100_000 // rows of moves of an engine
	rowBytes   = 4 << 10 // of JSON that a row has on average, at most
	maxRows    = 1 << 30 // bytes of a record's rows
)

// rows are what is stored of a result's rows.
type rows struct {
	Chains []Chain `json:"chains"`
	Steps  []Step  `json:"steps"`
	Moves  []Move  `json:"moves,omitempty"`
}

// What rows there are.
const (
	chainRows = iota
	stepRows
	moveRows
	kindsOfRows
)

var rowNames = [kindsOfRows]string{"chains", "steps", "moves"}

// room is how many rows of each kind there may still be.
type room [kindsOfRows]int

// roomOf is that of one engine's rows of a cell: twice what its plans have, as a run may do something again.
func roomOf(c *Cell) room { return room{2*c.Chains + 16, 2*c.steps + 16, maxMoves} }

// rowsBytes are how many bytes of JSON the rows of a cell's record may have.
func rowsBytes(c *Cell, engines int) int64 {
	r := roomOf(c)
	return min(maxRows, readfile.MiB+int64(engines)*int64(r[chainRows]+r[stepRows])*rowBytes)
}

// parseHead reads what a record says of its cell.
func parseHead(text []byte) (*Result, error) {
	if len(text) > maxHead {
		return nil, fmt.Errorf("a record's head has %d bytes, and at most %d are read: %w", len(text), maxHead,
			readfile.ErrLimit)
	}
	var r Result
	if err := readfile.ParseJSON(text, "a record", readfile.Limits{Values: maxValues}, &r); err != nil {
		return nil, err
	}
	switch {
	case len(r.Engines) > maxEngines:
		return nil, fmt.Errorf("a record is of %d engines, and of at most %d is one read", len(r.Engines), maxEngines)
	case r.Run != "" && !isRunName(r.Run):
		return nil, fmt.Errorf("a record says that the run is %.64q, which is no name of a directory in %s", r.Run, RunsDir)
	}
	return &r, nil
}

// isRunName says whether a name is one that runs have: it leads to an entry of a directory, and to nothing else, in
// paths as well as in addresses.
func isRunName(name string) bool {
	return name[0] != '.' && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

// packRows are a result's rows as its record has them. It fails where unpackRows would.
func packRows(r *Result, c *Cell) ([]byte, error) {
	var body bytes.Buffer
	packed, err := gzip.NewWriterLevel(&body, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	count := &counter{to: packed}
	err = json.NewEncoder(count).Encode(rows{r.Chains, r.Steps, r.Moves})
	if err = errors.Join(err, packed.Close()); err != nil {
		return nil, err
	}
	if most := rowsBytes(c, len(r.Engines)); count.bytes > most {
		return nil, fmt.Errorf("its rows have %d bytes, and at most %d are read: %w", count.bytes, most, readfile.ErrLimit)
	}
	u := newUnpacking(r, c, nil)
	for i := range r.Chains {
		err = errors.Join(err, u.chain(&r.Chains[i]))
	}
	for i := range r.Steps {
		err = errors.Join(err, u.step(&r.Steps[i]))
	}
	for i := range r.Moves {
		err = errors.Join(err, u.move(&r.Moves[i]))
	}
	return body.Bytes(), err
}

// counter counts what it passes on.
type counter struct {
	to    io.Writer
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

// unpackRows reads a record's rows, of the engines wanted, into its result.
func unpackRows(packed []byte, r *Result, c *Cell, wanted []string) error {
	from, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	in := json.NewDecoder(readfile.NewBudget(from, rowsBytes(c, len(r.Engines)), "record's rows"))
	u := newUnpacking(r, c, wanted)
	if begins, err := in.Token(); err != nil || begins != json.Delim('{') {
		return errors.Join(errors.New("a record has no rows"), err)
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return err
		}
		switch key {
		case "chains":
			err = list(in, u.chain)
		case "steps":
			err = list(in, u.step)
		case "moves":
			err = list(in, u.move)
		default:
			var other json.RawMessage
			err = in.Decode(&other)
		}
		if err != nil {
			return fmt.Errorf("a record's rows: %w", err)
		}
	}
	_, err = in.Token()
	return err
}

// list reads the elements of a list one by one, so that there are never more than take puts up with; null is none.
func list[T any](in *json.Decoder, take func(*T) error) error {
	begins, err := in.Token()
	if err != nil || begins == nil {
		return err
	}
	if begins != json.Delim('[') {
		return fmt.Errorf("%v where a list belongs", begins)
	}
	for in.More() {
		var row T
		if err := in.Decode(&row); err != nil {
			return err
		}
		if err := take(&row); err != nil {
			return err
		}
	}
	_, err = in.Token()
	return err
}

// unpacking takes a record's rows, and keeps those of the engines wanted.
type unpacking struct {
	of     *Result
	cell   *Cell
	wanted []string
	left   map[string]*room // by engine of the record
}

func newUnpacking(r *Result, c *Cell, wanted []string) *unpacking {
	u := &unpacking{of: r, cell: c, wanted: wanted, left: map[string]*room{}}
	for _, engine := range r.Engines {
		most := roomOf(c)
		u.left[engine] = &most
	}
	return u
}

// admit counts a row of a kind, and says whether it is kept: it has to be of the record and the cell, and no more than
// there may be of its engine's.
func (u *unpacking) admit(kind int, engine, model string) (kept bool, err error) {
	left := u.left[engine]
	if left == nil {
		return false, fmt.Errorf("a row is of the engine %.64q, which the record has not", engine)
	}
	if !slices.Contains(u.cell.models, model) {
		return false, fmt.Errorf("a row is of the model %.64q, which the cell has not", model)
	}
	if left[kind]--; left[kind] < 0 {
		return false, fmt.Errorf("it has more rows of %s than the cell's plans: %w", rowNames[kind], readfile.ErrLimit)
	}
	return slices.Contains(u.wanted, engine), nil
}

func (u *unpacking) chain(c *Chain) error {
	kept, err := u.admit(chainRows, c.Engine, c.Model)
	if kept {
		u.of.Chains = append(u.of.Chains, *c)
	}
	return err
}

func (u *unpacking) step(s *Step) error {
	kept, err := u.admit(stepRows, s.Engine, s.Model)
	if kept {
		u.of.Steps = append(u.of.Steps, *s)
	}
	return err
}

func (u *unpacking) move(m *Move) error {
	kept, err := u.admit(moveRows, m.Engine, m.Model)
	if kept {
		u.of.Moves = append(u.of.Moves, *m)
	}
	return err
}
