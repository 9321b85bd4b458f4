package spar

import (
	"errors"
	"fmt"
	"io"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Section is this package's part of the catalogue: the format and the synthesizer.
func Section() catalogue.Section {
	const name = "spar"
	return append(
		workload.Formats.Of(catalogue.Entry[workload.Format]{
			Description: catalogue.Description{Name: name, About: "rows of " + RowFormat + " without a header"},
			Does:        workload.Format{Load: load, Detect: detect, Write: write},
		}),
		workload.Synthesizers.Of(catalogue.Entry[workload.Synthesizer]{
			Description: catalogue.Description{Name: name, About: "as Spår does (Tian et al., SoCC 2019)"},
			Does: workload.Synthesizer{New: func(jobs int, seed uint64, _ catalogue.Values) (workload.Trace, error) {
				return Synthesize(jobs, seed), nil
			}},
		})...)
}

func load(path string, _ catalogue.Values) (workload.Trace, error) {
	t, err := Load(path)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// detect says whether the first row of a file is one of the format.
func detect(head []byte) bool {
	_, _, _, err := NewBuilder(nil, "").parseRow(rows.First(head))
	return err == nil || errors.Is(err, errNoDAG)
}

func write(w io.Writer, t workload.Trace) error {
	own, ok := t.(*Trace)
	if !ok {
		return fmt.Errorf("%T: %w", t, ErrFormat)
	}
	return Write(w, own)
}
