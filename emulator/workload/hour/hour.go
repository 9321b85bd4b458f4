// Package hour is an hour of Alibaba's 2018 cluster trace, which the program has with it: the 67,634 rows of 16,749
// jobs that `spar --duration 1` copies, and so the workload of the study. They are sample_tasks.csv of the Python
// package spar 0.0.7 (MIT, see LICENSE), with jobs numbered anew in the order of their arrival.
package hour

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// Name is the trace's in scenarios.
const Name = "alibaba-2018-hour"

//go:embed hour.csv.gz
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
	rows, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", Name, err)
	}
	var text strings.Builder
	text.Grow(size)
	if _, err := io.Copy(&text, rows); err != nil {
		return nil, fmt.Errorf("trace %s: %w", Name, err)
	}
	return spar.ReadText(text.String(), Name)
}

// size is about that of the rows, in bytes.
const size = 2_400_000
