package emulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"testbed/emulator/experiment"
	"testbed/emulator/influx"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/orchestrator"
	"testbed/emulator/predict"
	"testbed/emulator/record"
	"testbed/emulator/report"
	"testbed/emulator/run"
)

// Emulation executes an experiment's cells on one testbed, of which it changes from cell to cell only what differs. It
// is brought up anew where that cannot be, and where a cell has failed.
type Emulation struct {
	Host    *Host
	Options UpOptions // the name is that of ExperimentName where none is given
	Origin  string    // who changes the testbed
	Own     bool      // a testbed of that name is this experiment's, left by a process that was killed: it is removed
	Verify  bool      // links are measured whenever the testbed was brought up
	Reports bool      // each run gets its report
	Mirror  *influx.Config
	// Follow completes the configuration of a run that is about to begin; what it returns ends that. nil: nobody follows.
	Follow func(context.Context, *run.Config, *Bed) (end func())

	bed *Bed
}

// ExperimentName is the name of the testbed of the experiment in a directory, by which whatever is left of it is known.
func ExperimentName(scenario, dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	sum := sha256.Sum256([]byte(dir))
	return scenario[:min(len(scenario), 22)] + "-x" + hex.EncodeToString(sum[:3])
}

// Execute implements experiment.Executor.
func (m *Emulation) Execute(ctx context.Context, w *experiment.Work) (*experiment.Result, error) {
	fresh, err := m.prepare(ctx, w)
	if err != nil {
		return nil, err
	}
	config := run.Config{Scenario: w.Scenario, Results: w.Runs, Fidelity: m.Verify && fresh, Mirror: m.Mirror,
		Sinks: []record.Sink{w.Tabulate}, Phase: w.Phase, Factors: w.Factors}
	end := func() {}
	if m.Follow != nil {
		end = m.Follow(ctx, &config, m.bed)
	}
	outcome, err := m.bed.Run(ctx, config)
	end()
	if err != nil {
		return nil, errors.Join(err, m.Close(ctx))
	}
	r := w.Tabulate
	if err := predictions(outcome.Dir, r); err != nil {
		return nil, err
	}
	manifest, err := record.ReadManifest(outcome.Dir)
	if err != nil {
		return nil, err
	}
	r.Moved(manifest.Events)
	result := r.Result()
	j := m.bed.Journal
	result.Run, result.Fabric, result.Runtime = filepath.Base(outcome.Dir), j.Fabric, j.Runtime
	result.Failed, result.Fresh = outcome.Failures(), fresh
	if v := outcome.Validity; v != nil {
		result.Verdict, result.Reasons = v.Verdict, slices.Clone(v.Reasons)
	}
	if err := outcome.Incomplete(); err != nil {
		result.Reasons = append(result.Reasons, err.Error())
	}
	if m.Reports && len(outcome.Reports) > 0 {
		w.Phase("making the report")
		if _, err := report.Write(outcome.Dir, "", w.Scenario.Source.Catalogue()); err != nil {
			result.Reasons = append(result.Reasons, fmt.Sprintf("making the report: %v", err))
		}
	}
	return result, nil
}

// prepare makes the testbed as a cell has it; fresh: it was brought up for that.
func (m *Emulation) prepare(ctx context.Context, w *experiment.Work) (fresh bool, err error) {
	sc := w.Scenario.Source
	sc.Runtime, sc.Fabric = orDefault(m.Options.Runtime, sc.Runtime), orDefault(m.Options.Fabric, sc.Fabric)
	if m.bed != nil {
		w.Phase("changing the testbed")
		if _, err = m.bed.Apply(ctx, m.Origin, w.Scenario, w.Phase); err == nil {
			return false, nil
		}
		if ctx.Err() != nil {
			return false, err
		}
		if err := m.Close(ctx); err != nil {
			return false, err
		}
	}
	o := m.Options
	o.Progress = w.Phase
	if m.Own {
		if err := m.Host.Down(ctx, o.Name, w.Phase); err != nil && !errors.Is(err, orchestrator.ErrNotRunning) {
			return false, fmt.Errorf("removing what an earlier process has left: %w", err)
		}
	}
	m.bed, err = m.Host.Up(ctx, w.Scenario, o)
	return true, err
}

// Close implements experiment.Executor: it takes the testbed down.
func (m *Emulation) Close(ctx context.Context) error {
	if m.bed == nil {
		return nil
	}
	name := m.bed.Journal.Testbed
	m.bed = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
	defer cancel()
	return m.Host.Down(ctx, name, nil)
}

// predictions gives a run's predictions to the rows.
func predictions(dir string, to *experiment.Tabulator) error {
	file, err := readfile.Open(filepath.Join(dir, record.PredictionFile), record.MaxTableSize)
	if err != nil {
		return err
	}
	defer file.Close()
	return predict.EachCSV(file, func(p *predict.Prediction) error {
		to.Predicted([]predict.Prediction{*p})
		return nil
	})
}
