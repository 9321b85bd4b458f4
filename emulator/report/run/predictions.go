package run

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// predictedBy is of whom a prediction is, and of what.
type predictedBy struct {
	engine, model string
	index         int
}

// readPredictions finds every chain's predictions.
func (r *Run) readPredictions() {
	file, err := readfile.Open(filepath.Join(r.Dir, PredictionFile), record.MaxTableSize)
	if errors.Is(err, fs.ErrNotExist) {
		r.miss("There is no %s: the run ended before anything was predicted, and only what was measured is shown.",
			PredictionFile)
		return
	}
	predictions := map[predictedBy]*Predicted{}
	if err == nil {
		defer file.Close()
		err = predict.EachCSV(file, func(p *predict.Prediction) error { return r.addPrediction(predictions, p) })
	}
	if err != nil {
		r.miss("%s could not be read: %v.", PredictionFile, err)
		r.Engines = nil
		return
	}
	for i := range r.Chains {
		c := &r.Chains[i]
		for _, engine := range r.Engines {
			c.Predicted = append(c.Predicted, predictions[predictedBy{engine, c.Model, c.Index}])
		}
	}
}

// mostEngines bounds the predictors: much is drawn for each of them.
const mostEngines = 10

// addPrediction takes a row of the predictions' table. Those of models that no chain is of are left out.
func (r *Run) addPrediction(all map[predictedBy]*Predicted, p *predict.Prediction) error {
	engine, err := known(&r.Engines, p.Engine, "engine")
	if err != nil {
		return err
	}
	if len(r.Engines) > mostEngines || len(all) > mostEngines*record.MaxChains {
		return fmt.Errorf("predictions of more than %d engines, or of more than %d chains: %w", mostEngines,
			record.MaxChains, readfile.ErrLimit)
	}
	if at := slices.Index(r.Models, string(p.Model)); at >= 0 {
		all[predictedBy{engine, r.Models[at], p.Index}] = &Predicted{Traffic: p.Traffic,
			Times: record.Times{Latency: p.Total, Network: p.Network, Processing: p.Processing}}
	}
	return nil
}
