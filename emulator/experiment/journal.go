package experiment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"testbed/emulator/internal/journal"
	"testbed/emulator/internal/outdir"
)

// JournalFile holds what is finished of an experiment: a record for each result, whose rows are compressed.
const JournalFile = "experiment.journal"

var journalHeader = []byte("testbed experiment journal 1\n")

// results is an open JournalFile.
type results struct {
	file *journal.File
	spec *Spec
	// cells by ID: only what is of these is kept, and of the engines that are wanted, whatever the file has besides.
	cells map[string]*Cell
	of    map[string]map[string]journal.Record // by cell and engine
	took  overheads
}

// openResults opens the journal in a directory, and makes one where there is none.
func openResults(dir *outdir.Dir, s *Spec, cells []*Cell) (*results, error) {
	file, records, err := journal.Open(dir, JournalFile, journalHeader, true, known)
	return load(file, records, err, s, cells)
}

// lookAtResults is the journal in a directory for reading only; nil: there is none.
func lookAtResults(dir *outdir.Dir, s *Spec, cells []*Cell) (*results, error) {
	file, records, err := journal.Look(dir, JournalFile, journalHeader, known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return load(file, records, err, s, cells)
}

// known says whether a record is of a kind that there is.
func known(tag uint32) bool { return tag == 0 }

func load(file *journal.File, records []journal.Record, err error, s *Spec, cells []*Cell) (*results, error) {
	if errors.Is(err, journal.ErrForeign) {
		err = fmt.Errorf("%w version of testbed", err)
	}
	if err != nil {
		return nil, err
	}
	r := &results{file: file, spec: s, cells: map[string]*Cell{}, of: map[string]map[string]journal.Record{}}
	for _, c := range cells {
		r.cells[c.ID] = c
	}
	for _, at := range records {
		text, err := file.Read(at)
		var head *Result
		if err == nil {
			head, _, err = parseRecord(text)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
		}
		r.keep(head, at)
	}
	return r, nil
}

// keep makes a result known: the last of a cell and an engine counts.
func (r *results) keep(result *Result, at journal.Record) {
	r.took.add(result)
	if r.cells[result.Cell] == nil {
		return
	}
	if r.of[result.Cell] == nil {
		r.of[result.Cell] = map[string]journal.Record{}
	}
	for _, engine := range result.Engines {
		if slices.Contains(r.spec.Engines, engine) {
			r.of[result.Cell][engine] = at
		}
	}
}

// has says whether there is anything of a cell.
func (r *results) has(cell string) bool { return len(r.of[cell]) > 0 }

// missing are the engines whose rows a cell has not got, of those wanted. What is measured comes with all predictions,
// for these are made with what the run has calibrated.
func (r *results) missing(cell string, wanted []string) []string {
	have := r.of[cell]
	lacks := func(engine string) bool { _, found := have[engine]; return !found }
	if slices.Contains(wanted, Emulation) && lacks(Emulation) {
		return wanted
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(engine string) bool { return !lacks(engine) })
}

// add appends a result, and waits until it is on the disk.
func (r *results) add(result *Result) error {
	head, err := json.Marshal(result)
	var body []byte
	if err == nil {
		body, err = packRows(result, r.cells[result.Cell])
	}
	if err == nil {
		_, err = parseHead(head) // what is written can be read
	}
	if err != nil {
		return err
	}
	at, err := r.file.Append(0, func(text []byte) []byte {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(head)))
		return append(append(text, head...), body...)
	})
	if err == nil {
		err = r.file.Sync()
	}
	if err == nil {
		r.keep(result, at)
	}
	return err
}

// parseRecord reads a record but for its rows, which are the rest.
func parseRecord(text []byte) (head *Result, packed []byte, err error) {
	if len(text) < 4 {
		return nil, nil, errors.New("a record is too short")
	}
	n := int64(binary.LittleEndian.Uint32(text))
	if text = text[4:]; n > int64(len(text)) {
		return nil, nil, errors.New("a record is too short")
	}
	head, err = parseHead(text[:n])
	return head, text[n:], err
}

// read gives a cell's rows of the engines wanted, engine by engine in their order.
func (r *results) read(cell string, engines []string) (*Result, error) {
	all := &Result{Cell: cell, Engines: engines}
	loaded := map[journal.Record]*Result{}
	for _, engine := range engines {
		at, found := r.of[cell][engine]
		if !found {
			continue
		}
		whole := loaded[at]
		if whole == nil {
			text, err := r.file.Read(at)
			if err != nil {
				return nil, err
			}
			var packed []byte
			if whole, packed, err = parseRecord(text); err == nil {
				err = unpackRows(packed, whole, r.cells[cell], engines)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: cell %s: %w", r.file.Name(), cell, err)
			}
			loaded[at] = whole
		}
		if engine == Emulation {
			own := *whole
			own.Chains, own.Steps, own.Moves, own.Cell, own.Engines = all.Chains, all.Steps, all.Moves, cell, engines
			all = &own
		}
		all.take(whole, engine)
	}
	return all, nil
}

// take adds the rows of one engine.
func (r *Result) take(from *Result, engine string) {
	for i := range from.Chains {
		if from.Chains[i].Engine == engine {
			r.Chains = append(r.Chains, from.Chains[i])
		}
	}
	for i := range from.Steps {
		if from.Steps[i].Engine == engine {
			r.Steps = append(r.Steps, from.Steps[i])
		}
	}
	for i := range from.Moves {
		if from.Moves[i].Engine == engine {
			r.Moves = append(r.Moves, from.Moves[i])
		}
	}
}
