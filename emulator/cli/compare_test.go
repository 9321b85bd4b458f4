package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// writeRun leaves a run's directory of twelve chains that took the given time and were predicted to take 100 ms.
func writeRun(t *testing.T, took float64, with ...func(*record.Manifest)) string {
	t.Helper()
	dir, err := record.MakeDirectory(t.TempDir(), record.RunName("planted", time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	var predictions []predict.Prediction
	for i := range 12 {
		tags := record.Tags{Run: dir.Run(), Model: "in-edge", Policy: "load", Length: 1}
		job := fmt.Sprint("j", i)
		c := record.Chain{
			Tags: tags, Time: time.Unix(int64(i), 0), Index: i, Job: job, Client: "c",
			Measured: record.Times{Latency: took + float64(i%3)/1000, Network: took},
		}
		step := record.Step{
			Tags: tags, Time: c.Time, Chain: i, Job: job, Role: plan.Request.String(), From: "c", To: "w", Duration: took,
		}
		if err := dir.Write(c, []record.Step{step}); err != nil {
			t.Fatal(err)
		}
		predictions = append(predictions, predict.Prediction{
			Engine: "transport", Job: job, Index: i, Model: plan.InEdge, Total: 0.1, Network: 0.1,
			Steps: []predict.StepPrediction{{End: 0.1}}, Parts: []predict.Parts{{Propagation: 100_000_000_000}},
		})
	}
	var table bytes.Buffer
	if err := predict.WriteCSV(&table, predictions); err != nil {
		t.Fatal(err)
	}
	m := &record.Manifest{Run: dir.Run(), Seed: 1, Exit: record.OK, Scenario: []byte(`{"name":"planted"}`),
		Validity: &record.Validity{Verdict: record.Green}}
	for _, change := range with {
		change(m)
	}
	prediction := filepath.Join(dir.Path(), "prediction.csv")
	for _, err := range []error{dir.Close(), os.WriteFile(prediction, table.Bytes(), 0o644), m.Write(dir.Path())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir.Path()
}

func TestCompare(t *testing.T) {
	first, second := writeRun(t, 0.104), writeRun(t, 0.13)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{first}, ExitOK, "transport holds within 10 % on average; 12 of the chains"},
		{[]string{first, "--within", "2"}, ExitOK, "transport does not hold within 2 %"},
		{[]string{first, "--within", "-2"}, ExitUsage, "--within"},
		{[]string{first, "--steps", "--lengths"}, ExitOK, "In which steps the error of transport arises"},
		{[]string{first, second}, ExitOK, "Run 2 is paired with run 1 by job and model: 12 pairs a model."},
		{[]string{first, second, "--fail-if", "difference.mean > 5%"}, ExitCheck, "in-edge: difference.mean > 5% (it is 24."},
		{[]string{first, second, "--fail-if", "difference.mean > 50%"}, ExitOK, "x 1.24"},
		{[]string{first, "--fail-if", "difference.mean > 5%"}, ExitUsage, "give a second one"},
		{[]string{first, second, "--fail-if", "error.median > 10%"}, ExitCheck, "error.median > 10% (it is 23."},
		{[]string{first, t.TempDir()}, ExitUsage, "no run's directory"},
	} {
		got := invoke(t, append([]string{"compare"}, c.args...)...)
		if got.code != c.code || !strings.Contains(strings.Join(strings.Fields(got.stdout+got.stderr), " "), c.says) {
			t.Errorf("compare %s: exit %d, want %d and %q in:\n%s%s", c.args, got.code, c.code, c.says, got.stdout, got.stderr)
		}
	}
}

// TestCompareSaysWhatRunsAreWorth: of a run that is red, was interrupted or is of another version nobody takes the
// figures for those of a good one; of good and like ones nothing is said.
func TestCompareSaysWhatRunsAreWorth(t *testing.T) {
	good := writeRun(t, 0.104)
	bad := writeRun(t, 0.104, func(m *record.Manifest) {
		m.Exit, m.Version = record.Interrupted, "v2"
		m.Validity = &record.Validity{Verdict: record.Red, Reasons: []string{"the network was changed while it was measured"}}
	})
	const remark = "The run judges itself red: the network was changed while it was measured; it was interrupted"
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{good}, ExitOK, nil}, {[]string{good, good}, ExitOK, nil}, {[]string{bad}, ExitOK, []string{remark}},
		{[]string{good, bad}, ExitOK, []string{remark, "version ?)", "version v2, red, was interrupted)"}},
		{[]string{good, bad, "--fail-if", "verdict == red"}, ExitCheck, []string{remark, "verdict == red (it is red)"}},
		{[]string{good, "--fail-if", "verdict >= amber"}, ExitOK, nil},
	} {
		got := invoke(t, append([]string{"compare"}, c.args...)...)
		text := strings.Join(strings.Fields(got.stdout+got.stderr), " ")
		for _, says := range c.says {
			if !strings.Contains(text, says) {
				t.Errorf("compare %s says nothing of %q:\n%s", c.args, says, text)
			}
		}
		silent := !strings.Contains(text, "The run ") && !strings.Contains(text, ", version ")
		if len(c.says) == 0 && !silent || got.code != c.code {
			t.Errorf("compare %s: exit %d, want %d:\n%s", c.args, got.code, c.code, text)
		}
	}
}

func TestCompareAsJSON(t *testing.T) {
	got := invoke(t, "compare", writeRun(t, 0.104), writeRun(t, 0.13), "-f", "json")
	var c compare.Comparison
	err := json.Unmarshal([]byte(got.stdout), &c)
	if err != nil || len(c.Runs) != 2 || len(c.Differences) != 3 || c.Runs[1].Reports[0].Models[0].Causes == nil {
		t.Errorf("%v in %s%s", err, got.stdout, got.stderr)
	}
}
