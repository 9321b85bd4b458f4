package emulator_test

import (
	"context"
	"testing"

	"testbed/emulator"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
)

// carriedOut brings a scenario up, runs it into a directory, none of whose chains may fail, and takes it down.
func (w real) carriedOut(t *testing.T, e *resolved.Scenario, dir string, sinks ...record.Sink) *run.Outcome {
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
	if err != nil || outcome.Failures() > 0 {
		t.Fatalf("%v, %q", err, outcome.Summary.Errors)
	}
	return outcome
}
