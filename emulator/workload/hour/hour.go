// Package hour is an hour of Alibaba's 2018 cluster trace, which the program has with it: the 67,634 rows of 16,749
// jobs that `spar --duration 1` copies, and so the workload of the study. They are sample_tasks.csv of the Python
// package spar 0.0.7 (MIT, see LICENSE), with jobs numbered anew in the order of their arrival.
package hour

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// Name is the trace's in scenarios.
const Name = "alibaba-2018-hour"

// packed is the file's columns, one after the other, an empty line after each: `go run ./scripts/pack -columns`.
//
//go:embed hour.columns.zst
var packed []byte

// Section is this package's part of the catalogue: the trace, and the synthesizer.
func Section() catalogue.Section {
	return append(workload.Shipped.Of(catalogue.Entry[workload.Source]{
		Description: catalogue.Description{Name: Name, Brief: "the study's hour",
			About: "an hour of Alibaba's 2018 cluster trace, 67,634 rows of 16,749 jobs: the study's own workload"},
		Does: workload.Source{Load: func() (workload.Trace, error) { return Load() }},
	}), workload.Synthesizers.Of(catalogue.Entry[workload.Synthesizer]{
		Description: catalogue.Description{Name: Resampling, About: "whole jobs, drawn from the hour of Alibaba's trace"},
		Does: workload.Synthesizer{New: func(jobs int, seed uint64, _ catalogue.Values) (workload.Trace, error) {
			return Resample(jobs, seed)
		}},
	})...)
}

// Load reads the trace, which takes some 0.03 s.
func Load() (*spar.Trace, error) {
	text, err := rows()
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", Name, err)
	}
	return spar.ReadText(text, Name)
}

const (
	cells = 7          // of a row
	ends  = ",,,,,,\n" // what stands behind each
)

// rows is the file as it was before its columns were packed.
func rows() (string, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return "", err
	}
	defer decoder.Close()
	unpacked, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return "", err
	}
	columns := bytes.SplitAfter(unpacked, []byte("\n\n")) // each with an empty line after it
	if len(columns) != cells+1 {
		return "", fmt.Errorf("%d columns instead of %d", len(columns)-1, cells)
	}
	text, n := make([]byte, len(unpacked)), 0
	for columns[0][0] != '\n' {
		for i, c := range columns[:cells] {
			k := 0
			for ; c[k] != '\n'; k++ {
				text[n] = c[k]
				n++
			}
			text[n] = ends[i]
			n++
			columns[i] = c[k+1:]
		}
	}
	return string(text[:n]), nil
}
