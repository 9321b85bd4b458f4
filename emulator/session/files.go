package session

import (
	"bytes"
	"os"
	"path/filepath"

	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/predict"
)

// Names of the files in a run's directory, beside those of package record.
const (
	PredictionFile = rundir.PredictionFile
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
	run, err := rundir.Open(dir, compare.Options{})
	if err != nil {
		return nil, err
	}
	return run.Reports, nil
}
