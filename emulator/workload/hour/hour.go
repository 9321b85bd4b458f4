// Package hour is an hour of Alibaba's 2018 cluster trace, which the program has with it: the 67,634 rows of 16,749
// jobs that `spar --duration 1` copies, and so the workload of the study. They are sample_tasks.csv of the Python
// package spar 0.0.7 (MIT, see LICENSE), with jobs numbered anew in the order of their arrival.
package hour

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// Name is the trace's in scenarios.
const Name = "alibaba-2018-hour"

// packed is the file's columns, one after the other: `go run ./scripts/pack -columns`.
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

// cells is how many a row has.
const cells = 7

// rows is the file as it was before its columns were packed.
func rows() (string, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return "", err
	}
	defer decoder.Close()
	columns, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return "", err
	}
	lines := bytes.Count(columns, []byte("\n")) / cells
	var begin [cells]int // of each column's next cell
	for i := 1; i < cells; i++ {
		begin[i] = begin[i-1]
		for range lines {
			begin[i] += bytes.IndexByte(columns[begin[i]:], '\n') + 1
		}
	}
	var text strings.Builder
	text.Grow(len(columns))
	for range lines {
		for i := range cells {
			end := begin[i] + bytes.IndexByte(columns[begin[i]:], '\n')
			text.Write(columns[begin[i]:end])
			if i < cells-1 {
				text.WriteByte(',')
			}
			begin[i] = end + 1
		}
		text.WriteByte('\n')
	}
	return text.String(), nil
}
