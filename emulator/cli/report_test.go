package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/record"
)

// written makes a run's directory with one chain.
func written(t *testing.T) string {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("smoke", time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := load(&State{}, scenarioFile("smoke.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := scenario.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	tags := record.Tags{Run: d.Run(), Model: "external", Policy: "load", Length: 2}
	measured := record.Times{Latency: 1, Network: 0.5, Processing: 0.5}
	if err := d.Write(record.Chain{Tags: tags, Time: time.Unix(2, 0), Job: "j", Measured: measured}, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	m := record.Manifest{
		Run:      d.Run(),
		Scenario: resolved,
		Exit:     record.OK,
		Models:   []record.ModelCounts{{Model: "external", Planned: 1, Done: 1}},
	}
	if err := m.Write(d.Path()); err != nil {
		t.Fatal(err)
	}
	return d.Path()
}

func TestReportCommand(t *testing.T) {
	dir := written(t)
	got := invoke(t, "report", dir)
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if got.code != ExitOK || err != nil || !strings.Contains(string(page), "The only chain came to its end") {
		t.Fatalf("%+v, %v", got, err)
	}
	if !strings.Contains(got.stderr, "note: There is no prediction.csv") {
		t.Errorf("what is missing is not said: %s", got.stderr)
	}
	other := filepath.Join(t.TempDir(), "page.html")
	got = invoke(t, "report", "-o", other, "-f", "json", dir)
	var made struct {
		Page    string
		Figures []string
	}
	if err := json.Unmarshal([]byte(got.stdout), &made); err != nil || made.Page != other || len(made.Figures) == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if copied, err := os.ReadFile(other); err != nil || string(copied) != string(page) {
		t.Errorf("the page at another place: %v", err)
	}
	for _, args := range [][]string{
		{"report"}, {"report", t.TempDir()}, {"report", dir, dir}, {"report", "-f", "xml", dir},
	} {
		if got := invoke(t, args...); got.code != ExitUsage {
			t.Errorf("%v: exit code %d", args, got.code)
		}
	}
}

func TestGraphCommand(t *testing.T) {
	dir := written(t)
	for format, start := range map[string]string{"dot": "graph ", "mermaid": "flowchart LR\n", "svg": "<svg "} {
		ofScenario := invoke(t, "graph", "--format", format, scenarioFile("smoke.yaml"))
		ofRun := invoke(t, "graph", "--format", format, dir)
		if ofScenario.code != ExitOK || !strings.HasPrefix(ofScenario.stdout, start) {
			t.Errorf("%s: %+v", format, ofScenario)
		}
		if ofRun.stdout != ofScenario.stdout {
			t.Errorf("%s: the run's topology is not the scenario's", format)
		}
	}
	for _, args := range [][]string{
		{"graph"}, {"graph", "--format", "gif", dir}, {"graph", t.TempDir()}, {"graph", "missing.yaml"},
	} {
		if got := invoke(t, args...); got.code != ExitUsage {
			t.Errorf("%v: exit code %d, %s", args, got.code, got.stderr)
		}
	}
}
