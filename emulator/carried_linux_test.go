package emulator_test

import (
	"context"
	"fmt"
	"testing"

	"testbed/emulator"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
)

// carriedOut brings a scenario up, runs it into a directory, none of whose chains may fail, and takes it down.
func (w real) carriedOut(t *testing.T, e *resolved.Scenario, dir string, sinks ...record.Sink) *run.Outcome {
	t.Helper()
	outcome, err := w.tried(t, e, dir, sinks...)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// tried is carriedOut where chains may fail: then the error is about them.
func (w real) tried(t *testing.T, e *resolved.Scenario, dir string, sinks ...record.Sink) (*run.Outcome, error) {
	t.Helper()
	bed, err := w.of.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.of.Remove(context.Background(), e.Source.Name, true, nil); err != nil {
			t.Error(err)
		}
	}()
	outcome, err := bed.Run(t.Context(), run.Config{Results: dir, Sinks: sinks})
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Failures() > 0 {
		return outcome, fmt.Errorf("chains failed: %q", outcome.Summary.Errors)
	}
	return outcome, nil
}
