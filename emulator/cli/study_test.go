package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/experiment/study"
	"testbed/emulator/report/figures"
)

// study is a study of two loads on the host in memory, whose fabric takes no time.
func (l *bench) study(dir string, more ...string) []string {
	scenario := l.file("small.yaml", strings.NewReplacer("name: tiny", "name: small", "jobs: 200}", "jobs: 400}").
		Replace(l.sweepingText()))
	return append([]string{"study", "--into", dir, "--allow-disturbed", "--loads", "4,8", "--chains", "4",
		"--engine", "emulation,transport"}, append(more, scenario)...)
}

func TestStudy(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	dir := filepath.Join(l.dir, "study")
	l.want(ExitOK, "12 cells, 0 of them finished", l.study(dir, "--dry-run")...)
	got := l.want(ExitOK, "Cells: 12 of 12 finished, 0 of them before", l.study(dir)...)
	for _, word := range []string{"THE STUDY STATES", "MEASURED", "TRANSPORT", "in-function is slightly", "not checked"} {
		if !strings.Contains(got.stdout, word) {
			t.Errorf("no %q in\n%s", word, got.stdout)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, study.StatementsFile))
	if err != nil || !strings.Contains(string(text), "| measured | transport |") {
		t.Errorf("%v: %s", err, text)
	}
	for _, name := range []string{
		figures.TrafficName, figures.TrafficName + "-load", figures.LatencyName, figures.LengthName,
	} {
		points, err := os.ReadFile(filepath.Join(dir, "figures", name+".csv"))
		if err != nil || !strings.Contains(string(points), ",measured,") || !strings.Contains(string(points), ",transport,") {
			t.Errorf("%s: %v\n%s", name, err, points)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if text := string(page); err != nil || !strings.Contains(text, "figure-6-length") ||
		!strings.Contains(text, "judged by each engine") {
		t.Errorf("the page lacks the study: %v", err)
	}
	// What is finished is not executed again, and JSON has the same.
	var conclusion study.Conclusion
	again := l.want(ExitOK, "", l.study(dir, "-f", "json")...)
	if err := json.Unmarshal([]byte(again.stdout), &conclusion); err != nil || len(conclusion.Statements) < 6 {
		t.Errorf("%v: %s", err, again.stdout)
	}
	l.nothingLeft()
	l.want(ExitUsage, "ascending order", "study", "--loads", "8,4")
	l.want(ExitUsage, "engine", "study", "--engine", "nobody")
	l.want(ExitUsage, "load", "study", "--policies", "lode")
}

// Predictors alone need neither root nor a network.
func TestStudyByPredictors(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	dir := filepath.Join(l.dir, "study")
	got := l.want(ExitOK, "TRANSPORT", "study", "--into", dir, "--loads", "30,60", "--chains", "6",
		"--engine", "transport,statesim")
	if !strings.Contains(got.stdout, "STATESIM") || !strings.Contains(got.stdout, "does not hold") {
		t.Errorf("no statement is judged:\n%s", got.stdout)
	}
}
