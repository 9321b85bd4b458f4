package run

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// planted makes a run's directory: two chains that took 100 ms and were predicted to take 90 and 110, one
// that failed, and one that came to its end with a lost state.
func planted(t *testing.T) string {
	t.Helper()
	dir, err := record.MakeDirectory(t.TempDir(), record.RunName("planted", time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	tags := record.Tags{Run: dir.Run(), Model: "external", Policy: "load+net", Length: 1}
	var predictions []predict.Prediction
	for i, predicted := range []float64{0.09, 0.11, 0.1, 0.1} {
		chain := record.Chain{Tags: tags, Time: time.Unix(int64(i), 0), Index: i, Job: "j", Client: "c",
			Measured: record.Times{Latency: 0.1, Network: 0.08, Processing: 0.02}, States: 1}
		switch i {
		case 2:
			chain.Measured, chain.Error = record.Times{}, "timed out"
		case 3:
			chain.Lost, chain.Error = 1, "state lost: state 0: want version 4, have 3"
		}
		steps := []record.Step{{
			Tags: tags, Time: chain.Time, Chain: i, Job: "j", Index: 0, Role: plan.Request.String(), From: "c", To: "w",
			Duration: 0.08,
		}}
		if err := dir.Write(chain, steps); err != nil {
			t.Fatal(err)
		}
		predictions = append(predictions, predict.Prediction{Engine: "transport", Job: "j", Index: i, Model: plan.External,
			Total: predicted, Network: predicted, Steps: []predict.StepPrediction{{Index: 0, End: predicted}}})
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	if err := writePredictions(dir.Path(), predictions); err != nil {
		t.Fatal(err)
	}
	if err := (&record.Manifest{Run: dir.Run(), Seed: 1, Exit: record.OK}).Write(dir.Path()); err != nil {
		t.Fatal(err)
	}
	return dir.Path()
}

func TestCompareReadsWhatARunLeaves(t *testing.T) {
	dir := planted(t)
	run, err := rundir.Open(dir, compare.Options{})
	if err != nil || len(run.Reports) != 1 || len(run.Reports[0].Models) != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	g := run.Reports[0].Models[0]
	if g.Chains != 4 || g.Errors != 1 || g.Paired != 3 {
		t.Errorf("%d chains, %d failed, %d paired; want 4, 1, 3", g.Chains, g.Errors, g.Paired)
	}
	if g.States.Failed != 1 {
		t.Errorf("%d states lost, want 1", g.States.Failed)
	}
	if math.Abs(g.Total.Measured.Mean-0.1) > 1e-9 || math.Abs(g.Total.Error.Median-0.1) > 1e-9 {
		t.Errorf("mean %v s, median error %v; want 0.1, 0.1", g.Total.Measured.Mean, g.Total.Error.Median)
	}
}

// What a crash leaves, a last line that is cut off, does not keep the rest from being compared.
func TestCompareToleratesACrash(t *testing.T) {
	dir := planted(t)
	path := filepath.Join(dir, record.SamplesFile)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-20); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, PredictionFile)); err != nil {
		t.Fatal(err)
	}
	run, err := rundir.Open(dir, compare.Options{})
	if err != nil || run.Reports[0].Models[0].Chains != 4 || run.Reports[0].Models[0].Paired != 0 {
		t.Fatalf("%+v, %v", run, err)
	}
}

func TestCompareRefusesWhatIsNoRun(t *testing.T) {
	if _, err := rundir.Open(t.TempDir(), compare.Options{}); err == nil {
		t.Error("an empty directory passes for a run")
	}
}

func TestDurationIsNeverNegative(t *testing.T) {
	if got := duration(-0.001); got != 0 {
		t.Errorf("%v", got)
	}
	if got := duration(0.0000015); got != 1500*time.Nanosecond {
		t.Errorf("%v", got)
	}
}

// TestFilesOfARunReplaceNoLinks: what is written last meets what somebody else has put there meanwhile.
func TestFilesOfARunReplaceNoLinks(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{PredictionFile, ComparisonFile} {
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	if err := writePredictions(dir, nil); err == nil {
		t.Error("predictions are written through a link")
	}
	if err := writeComparison(dir, nil); err == nil {
		t.Error("the comparison is written through a link")
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
		t.Errorf("the target is now %q, %v", text, err)
	}
}
