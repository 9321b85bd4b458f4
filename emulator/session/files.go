package session

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"testbed/emulator/compare"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// Names of the files in a run's directory, beside those of package record.
const (
	PredictionFile = "prediction.csv"
	ComparisonFile = "comparison.json"
)

func writePredictions(dir string, predictions []predict.Prediction) error {
	var text bytes.Buffer
	if err := predict.WriteCSV(&text, predictions); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, PredictionFile), text.Bytes(), 0o644)
}

func writeComparison(dir string, reports []*compare.Report) error {
	var text bytes.Buffer
	if err := compare.WriteJSON(&text, reports); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ComparisonFile), text.Bytes(), 0o644)
}

// Compare holds the measurement in a run's directory against the predictions there, one report a
// predictor. A last line of the samples that is cut off, as a crash leaves it, is left out.
func Compare(dir string) ([]*compare.Report, error) {
	manifest, err := record.ReadManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("%s is no run's directory: %w", dir, err)
	}
	chains, steps, err := record.ReadSamples(filepath.Join(dir, record.SamplesFile))
	if err != nil && !errors.Is(err, record.ErrTruncated) {
		return nil, err
	}
	predictions, err := readPredictions(dir)
	if err != nil {
		return nil, err
	}
	return compare.CompareAll(measured(chains, steps), predictions, compare.Options{Seed: manifest.Seed})
}

// readPredictions reads a run's predictions; there are none where it ended before they were made.
func readPredictions(dir string) ([]predict.Prediction, error) {
	file, err := os.Open(filepath.Join(dir, PredictionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	predictions, err := predict.ReadCSV(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return predictions, nil
}

// measured turns samples into a comparison's rows.
func measured(chains []record.Chain, steps []record.Step) []compare.Chain {
	type key struct {
		model string
		index int
	}
	of := map[key][]compare.Step{}
	for _, s := range steps {
		role, ok := roles[s.Role]
		if !ok {
			continue
		}
		k := key{s.Model, s.Chain}
		of[k] = append(of[k], compare.Step{Index: s.Index, Role: role, Duration: s.Duration})
	}
	rows := make([]compare.Chain, len(chains))
	for i, c := range chains {
		rows[i] = compare.Chain{Job: c.Job, Index: c.Index, Model: plan.Model(c.Model), Policy: c.Policy, Length: c.Length,
			Total: c.Measured.Latency, Network: c.Measured.Network, Processing: c.Measured.Processing,
			States: c.States, Lost: c.Lost, Err: failure(c), Steps: of[key{c.Model, c.Index}]}
	}
	return rows
}

// failure is why a chain has no times; lost state alone does not take them away.
func failure(c record.Chain) string {
	if c.Measured.Latency > 0 {
		return ""
	}
	return c.Error
}

// roles finds a role by the word that it is recorded with.
var roles = func() map[string]plan.Role {
	known := map[string]plan.Role{}
	for r := plan.Request; r <= plan.Response; r++ {
		known[r.String()] = r
	}
	return known
}()
