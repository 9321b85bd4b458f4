package run

import (
	"bytes"

	"testbed/emulator/compare"
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
