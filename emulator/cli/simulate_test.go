package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSimulateFlags(t *testing.T) {
	smoke, dir := scenarioFile("smoke.yaml"), filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"simulate", smoke, "--jobs", "3"}, ExitUsage, "--engine statesim"},
		{[]string{"simulate", smoke, "--paper", "--engine", "transport"}, ExitUsage, "--paper"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--state-access", "worker"}, ExitUsage, "state-access"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--resume"}, ExitUsage, "--output"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--store", "statesim"}, ExitUsage, "--output"},
		{[]string{"simulate", smoke, "--engine", "statesim", "-o", dir, "--store", "xml"}, ExitUsage, "xml"},
		{
			[]string{"simulate", smoke, "--engine", "statesim", "-o", dir, "-f", "statesim", "--store", "parquet"},
			ExitUsage, "contradict",
		},
		{[]string{"simulate", smoke, "--engine", "statesim", "--models", "nowhere"}, ExitUsage, "nowhere"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--policies", "random"}, ExitUsage, "random"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--jobs", "0"}, ExitUsage, "positive"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--replications", "0"}, ExitUsage, "replications"},
		{[]string{"simulate", "--engine", "statesim"}, ExitUsage, "one argument"},
		{[]string{"simulate", "--engine", "statesim", scenarioFile("paper.yaml"), "--jobs", "20000"}, ExitOK, "note:"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--assume", "wrong"}, ExitUsage, "store-per-premises"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--assume", "central=nobody"}, ExitUsage, "nobody"},
		{[]string{"simulate", smoke, "--assume", "arrivals"}, ExitUsage, "--engine statesim"},
		{[]string{"simulate", smoke, "--engine", "statesim", "--vary"}, ExitUsage, "--paper"},
		{[]string{"simulate", "--paper", "--vary", "--resume"}, ExitUsage, "--resume"},
		{[]string{"plot"}, ExitUsage, "simulate"},
		{[]string{"plot", dir}, ExitUsage, "no campaign"},
	} {
		got := invoke(t, c.args...)
		if got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.says) {
			t.Errorf("testbed %s: exit %d, want %d and %q in:\n%s%s",
				strings.Join(c.args, " "), got.code, c.code, c.says, got.stdout, got.stderr)
		}
	}
}

// The issue's own words: --format statesim.
func TestSimulateInStatesimsForm(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	got := invoke(t, "simulate", scenarioFile("paper.yaml"), "--engine", "statesim", "--jobs", "20,40",
		"--replications", "2", "--seed", "7", "--policies", "load+net", "--models", "in-edge,in-client",
		"--workers", "2", "--format", "statesim", "-o", dir)
	if got.code != ExitOK {
		t.Fatal(got.stderr)
	}
	for _, name := range []string{
		"jobs=20/job-alloc=ProcNet.exec=UnchainedInEdge.seed=7",
		"jobs=40/node-alloc=ProcNet.exec=UnchainedInClient.seed=8", "summary.csv",
	} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*/*-alloc=*")); len(files) != 2*2*2*2 {
		t.Errorf("%d files", len(files))
	}
}

func TestSimulateCampaignAsJSON(t *testing.T) {
	args := []string{
		"simulate", scenarioFile("paper.yaml"), "--engine", "statesim", "--jobs", "20", "--replications", "3",
		"-f", "json",
	}
	first, second := invoke(t, args...), invoke(t, append(args, "--workers", "1")...)
	var rows []campaignRow
	if err := json.Unmarshal([]byte(first.stdout), &rows); err != nil || len(rows) != 2*4 {
		t.Fatalf("%v: %s%s", err, first.stdout, first.stderr)
	}
	for _, r := range rows {
		if r.Total.Mean == nil || *r.Total.Mean <= 0 || r.Total.Half == nil {
			t.Errorf("%+v", r)
		}
	}
	if first.stdout != second.stdout {
		t.Error("the number of workers changes the output")
	}
}

// The study's campaign, at a few replications: figures, statements, and the same from plot.
func TestPaperAndPlot(t *testing.T) {
	dir, again := filepath.Join(t.TempDir(), "paper"), t.TempDir()
	got := invoke(t, "simulate", "--paper", "--replications", "3", "-o", dir)
	if got.code != ExitOK || strings.Count(got.stdout, "criterion:") != 11 {
		t.Fatalf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if got := invoke(t, "plot", dir, "-o", again); got.code != ExitOK {
		t.Fatal(got.stderr)
	}
	files, _ := os.ReadDir(again)
	if len(files) != 6*4+1 {
		t.Errorf("plot wrote %d files", len(files))
	}
	for _, f := range files {
		want, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if have, err := os.ReadFile(filepath.Join(again, f.Name())); err != nil || string(have) != string(want) {
			t.Errorf("%s drawn again differs: %v", f.Name(), err)
		}
	}
	got = invoke(t, "simulate", "--paper", "--replications", "4", "-o", dir, "--resume")
	if got.code == ExitOK || !strings.Contains(got.stderr, "another campaign") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}

// One assumption at a time: a table for people, JSON for programs, and both in the directory.
func TestVary(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vary")
	args := []string{"simulate", "--paper", "--vary", "--replications", "2", "--jobs", "50,100", "-o", dir}
	got := invoke(t, args...)
	if got.code != ExitOK || !strings.Contains(got.stdout, "| store-per-premises |") {
		t.Fatalf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if table, err := os.ReadFile(filepath.Join(dir, "vary.md")); err != nil || string(table) != got.stdout {
		t.Errorf("%v: the table printed is not the one kept:\n%s", err, table)
	}
	asJSON := invoke(t, append(args, "-f", "json")...)
	var all []struct {
		Switch     string
		Statements []struct{ Claim, Numbers string }
	}
	if err := json.Unmarshal([]byte(asJSON.stdout), &all); err != nil || len(all) != 16 || len(all[15].Statements) != 11 {
		t.Fatalf("%v: %s%s", err, asJSON.stdout, asJSON.stderr)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "vary.json"))
	if err != nil || string(kept) != asJSON.stdout {
		t.Errorf("%v: the JSON printed is not that kept", err)
	}
	// A switch is off unless it is set.
	plain := []string{"simulate", "--paper", "--replications", "2", "--jobs", "50", "-o", filepath.Join(dir, "plain")}
	invoke(t, plain...)
	plain[len(plain)-1] = filepath.Join(dir, "assumed")
	invoke(t, append(plain, "--assume", "cloud-path,arrivals")...)
	a, err1 := os.ReadFile(filepath.Join(dir, "plain", "summary.csv"))
	b, err2 := os.ReadFile(filepath.Join(dir, "assumed", "summary.csv"))
	if err1 != nil || err2 != nil || string(a) == string(b) {
		t.Error("--assume changes nothing", err1, err2)
	}
}

func TestInterruptedCampaignSaysHowToGoOn(t *testing.T) {
	var stdout, stderr strings.Builder
	dir := filepath.Join(t.TempDir(), "out")
	s := &State{
		Version: "test",
		Args:    []string{"simulate", "--paper", "-o", dir},
		Stdin:   strings.NewReader(""),
		Stdout:  &stdout,
		Stderr:  &stderr,
		Interrupts: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		},
	}
	if code := Main(s); code != ExitInterrupted || !strings.Contains(stderr.String(), "--resume") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
	if got := invoke(t, "plot", dir); got.code != ExitUsage || !strings.Contains(got.stderr, "--resume") {
		t.Errorf("plot of what is not finished: exit %d: %s", got.code, got.stderr)
	}
}

// TestSimulateTellsWhatItLeavesOut: beside the output, in either format.
func TestSimulateTellsWhatItLeavesOut(t *testing.T) {
	text, err := os.ReadFile(scenarioFile("predictive-maintenance.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "gone.yaml")
	text = append(text, "\nevents: [{at: 1s, node: cloud, down}]\n"...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"table", "json"} {
		got := invoke(t, "simulate", path, "-f", form)
		if got.code != ExitOK || !strings.Contains(got.stderr, "note: these go down, do not come back") ||
			strings.Contains(got.stdout, "note:") {
			t.Errorf("%s: exit %d: %.300s", form, got.code, got.stderr)
		}
	}
}
