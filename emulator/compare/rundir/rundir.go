// Package rundir compares what is in runs' directories: it reads samples and predictions as streams, so
// that the memory it takes depends on the number of chains and not on the size of the files.
package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"testbed/emulator/compare"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// PredictionFile is the name of the file with a run's predictions.
const PredictionFile = record.PredictionFile

// Open holds the measurement in a run's directory against the predictions there. The bootstrap's seed is
// the run's where the options' is 0, and the empty function's time the run's. A last line of the samples
// that is cut off, as a crash leaves it, is left out. Where the directory is not as the run left it, the run comes
// with an error that wraps record.ErrUnsound, which is in its Unsound too, unless nothing in it can be read.
func Open(dir string, o compare.Options) (*compare.Run, error) {
	m, unsound := record.Verify(dir)
	if m == nil {
		return nil, fmt.Errorf("%s is no run's directory: %w", dir, unsound)
	}
	if unsound != nil && !errors.Is(unsound, record.ErrUnsound) {
		return nil, unsound
	}
	run, err := Read(dir, m, o)
	if err != nil {
		return nil, errors.Join(unsound, err)
	}
	if unsound != nil {
		run.Unsound = unsound.Error()
	}
	run.Sealed = m.Sealed != ""
	return run, unsound
}

// Read is Open with the manifest at hand, of a directory that is not checked: a run's own, before it is sealed.
func Read(dir string, m *record.Manifest, o compare.Options) (*compare.Run, error) {
	if o.Seed == 0 {
		o.Seed = m.Seed
	}
	o.Alone = m.Alone
	if m.Overhead != nil {
		if err := checkOverhead(m.Overhead); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, record.ManifestFile), err)
		}
		took := m.Overhead
		o.Empty = &compare.EmptyCall{Self: took.Self, Pair: took.Pair, Rest: took.Rest, OneWay: took.Step}
	}
	run := &compare.Run{Directory: dir, Name: m.Run, Seed: m.Seed, Fabric: m.Fabric, Runtime: m.Runtime,
		Arrivals: m.Arrival,
		Kernel:   m.Kernel, Version: m.Version, Exit: m.Exit, Scenario: scenarioName(m), Validity: m.Validity, Edge: m.Edge}
	inputs := map[string]string{}
	for _, in := range m.Inputs {
		inputs[in.Key] += in.SHA256
	}
	run.Describe(m.Scenario, inputs)
	collector := compare.NewCollector(o)
	if err := readPredictions(dir, collector); err != nil {
		return nil, err
	}
	samples, err := readfile.Open(filepath.Join(dir, record.SamplesFile), record.MaxSamplesSize)
	if err != nil {
		return nil, err
	}
	defer samples.Close()
	reader := newReader(collector.Add)
	if run.Truncated, err = reader.read(samples); err != nil {
		return nil, fmt.Errorf("%s: %w", samples.Name(), err)
	}
	run.StraySteps = reader.stray
	run.Take(collector)
	return run, nil
}

// Compare opens several runs, the first being what the others are held against. Where directories are not as the
// runs left them, the comparison comes with an error that wraps record.ErrUnsound and names them.
func Compare(dirs []string, o compare.Options) (*compare.Comparison, error) {
	c := &compare.Comparison{}
	var unsound []error
	for _, dir := range dirs {
		run, err := Open(dir, o)
		if run == nil {
			return nil, errors.Join(append(unsound, err)...)
		}
		c.Runs, unsound = append(c.Runs, run), append(unsound, err)
	}
	c.Compare()
	return c, errors.Join(unsound...)
}

// checkOverhead fails where the manifest's times of an empty function are none.
func checkOverhead(o *record.Overhead) error {
	for _, t := range []float64{o.Self, o.Pair, o.Rest, o.Step} {
		if !(math.Abs(t) <= 3600) {
			return fmt.Errorf("an empty function that took %g s", t)
		}
	}
	return nil
}

func scenarioName(m *record.Manifest) string {
	var s struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(m.Scenario, &s); err != nil {
		return ""
	}
	return s.Name
}

// readPredictions reads a run's predictions; there are none where it ended before they were made.
func readPredictions(dir string, c *compare.Collector) error {
	file, err := readfile.Open(filepath.Join(dir, PredictionFile), record.MaxTableSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := predict.EachCSV(file, c.Predict); err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	return nil
}
