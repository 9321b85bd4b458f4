package run

import (
	"bytes"

	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// Names of the files in a run's directory, beside those of package record.
const (
	PredictionFile = record.PredictionFile
	ComparisonFile = record.ComparisonFile
)

func writePredictions(dir string, predictions []predict.Prediction) error {
	var text bytes.Buffer
	if err := predict.WriteCSV(&text, predictions); err != nil {
		return err
	}
	return record.ReplaceFile(dir, PredictionFile, text.Bytes())
}

func writeComparison(dir string, reports []*compare.Report) error {
	var text bytes.Buffer
	if err := compare.WriteJSON(&text, reports); err != nil {
		return err
	}
	return record.ReplaceFile(dir, ComparisonFile, text.Bytes())
}

// Compare holds the measurement in a run's directory against the predictions there, one report a
// predictor. A last line of the samples that is cut off, as a crash leaves it, is left out. The reports come with an
// error that wraps record.ErrUnsound where the directory is not as the run left it.
func Compare(dir string) ([]*compare.Report, error) {
	run, err := rundir.Open(dir, compare.Options{})
	if run == nil {
		return nil, err
	}
	return run.Reports, err
}
