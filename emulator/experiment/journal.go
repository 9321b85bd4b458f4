package experiment

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"testbed/emulator/internal/journal"
	"testbed/emulator/internal/outdir"
)

// JournalFile holds what is finished of an experiment: a record for each result, whose rows are compressed.
const JournalFile = "experiment.journal"

var journalHeader = []byte("testbed experiment journal 1\n")

// maxRows is the most bytes of a record's rows that are read.
const maxRows = 1 << 30

// results is an open JournalFile.
type results struct {
	file *journal.File
	of   map[string]map[string]*kept // by cell and engine
	took overheads
}

// kept is a result that the journal has.
type kept struct {
	Result
	record journal.Record
}

// openResults opens the journal in a directory, and makes one where there is none.
func openResults(dir *outdir.Dir) (*results, error) {
	file, records, err := journal.Open(dir, JournalFile, journalHeader, true, known)
	return load(file, records, err)
}

// lookAtResults is the journal in a directory for reading only; nil: there is none.
func lookAtResults(dir *outdir.Dir) (*results, error) {
	file, records, err := journal.Look(dir, JournalFile, journalHeader, known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return load(file, records, err)
}

// known says whether a record is of a kind that there is.
func known(tag uint32) bool { return tag == 0 }

func load(file *journal.File, records []journal.Record, err error) (*results, error) {
	if errors.Is(err, journal.ErrForeign) {
		err = fmt.Errorf("%w version of testbed", err)
	}
	if err != nil {
		return nil, err
	}
	r := &results{file: file, of: map[string]map[string]*kept{}}
	for _, at := range records {
		text, err := file.Read(at)
		var k kept
		if err == nil {
			err = k.parse(text, false)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
		}
		k.record = at
		r.keep(&k)
	}
	return r, nil
}

// keep makes a result known: the last of a cell and an engine counts.
func (r *results) keep(k *kept) {
	if r.of[k.Cell] == nil {
		r.of[k.Cell] = map[string]*kept{}
	}
	for _, engine := range k.Engines {
		r.of[k.Cell][engine] = k
	}
	r.took.add(&k.Result)
}

// missing are the engines whose rows a cell has not got, of those wanted. What is measured comes with all predictions,
// for these are made with what the run has calibrated.
func (r *results) missing(cell string, wanted []string) []string {
	have := r.of[cell]
	if slices.Contains(wanted, Emulation) && have[Emulation] == nil {
		return wanted
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(engine string) bool { return have[engine] != nil })
}

// rows are what is stored of a result's rows.
type rows struct {
	Chains []Chain `json:"chains"`
	Steps  []Step  `json:"steps"`
	Moves  []Move  `json:"moves,omitempty"`
}

// add appends a result, and waits until it is on the disk.
func (r *results) add(result *Result) error {
	head, err := json.Marshal(result)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	packed, err := gzip.NewWriterLevel(&body, gzip.BestSpeed)
	if err == nil {
		err = errors.Join(json.NewEncoder(packed).Encode(rows{result.Chains, result.Steps, result.Moves}), packed.Close())
	}
	if err != nil {
		return err
	}
	at, err := r.file.Append(0, func(text []byte) []byte {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(head)))
		return append(append(text, head...), body.Bytes()...)
	})
	if err == nil {
		err = r.file.Sync()
	}
	if err == nil {
		k := &kept{Result: *result, record: at}
		k.Chains, k.Steps, k.Moves = nil, nil, nil
		r.keep(k)
	}
	return err
}

// parse reads a record, with its rows or without.
func (k *kept) parse(text []byte, all bool) error {
	if len(text) < 4 {
		return errors.New("a record is too short")
	}
	n := int(binary.LittleEndian.Uint32(text))
	if text = text[4:]; n > len(text) {
		return errors.New("a record is too short")
	}
	if err := json.Unmarshal(text[:n], &k.Result); err != nil || !all {
		return err
	}
	packed, err := gzip.NewReader(bytes.NewReader(text[n:]))
	if err != nil {
		return err
	}
	var found rows
	if err := json.NewDecoder(io.LimitReader(packed, maxRows)).Decode(&found); err != nil {
		return err
	}
	k.Chains, k.Steps, k.Moves = found.Chains, found.Steps, found.Moves
	return nil
}

// read gives a cell's rows of the engines wanted, engine by engine in their order.
func (r *results) read(cell string, engines []string) (*Result, error) {
	all := &Result{Cell: cell, Engines: engines}
	loaded := map[*kept]*kept{}
	for _, engine := range engines {
		k := r.of[cell][engine]
		if k == nil {
			continue
		}
		whole := loaded[k]
		if whole == nil {
			text, err := r.file.Read(k.record)
			if err != nil {
				return nil, err
			}
			whole = &kept{}
			if err := whole.parse(text, true); err != nil {
				return nil, fmt.Errorf("%s: %w", r.file.Name(), err)
			}
			loaded[k] = whole
		}
		if engine == Emulation {
			own := whole.Result
			own.Chains, own.Steps, own.Moves, own.Cell, own.Engines = all.Chains, all.Steps, all.Moves, cell, engines
			all = &own
		}
		all.take(&whole.Result, engine)
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
