package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/experiment"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/record"
)

// sweeping is the small scenario with jobs enough that every repetition draws some.
func (l *bench) sweeping() string { return l.file("tiny.yaml", l.sweepingText()) }

func (*bench) sweepingText() string {
	return strings.NewReplacer("jobs: 30}", "jobs: 200}", "jobs: 2\n", "jobs: 4\n",
		"max-length: 2", "max-length: 4").Replace(fakehost.Scenario)
}

// cells are the rows of an experiment's cells.csv, without the head.
func (l *bench) cells(dir string) []string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "cells.csv"))
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
}

func TestExperimentOnOneTestbed(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	scenario, dir := l.sweeping(), filepath.Join(l.dir, "sweep")
	sweep := func(more ...string) []string {
		return append([]string{"run", scenario, "--into", dir, "--verify=false", "--report=false", "--allow-disturbed",
			"--set", "topology.links.wifi.rate=10Mbps,50Mbps", "--repeat", "2", "--engine", "emulation,transport"}, more...)
	}
	plan := l.want(ExitOK, "4 cells, 0 of them finished", sweep("--dry-run")...)
	if _, err := os.Stat(dir); err == nil || !strings.Contains(plan.stdout, "what is usual") {
		t.Errorf("a dry run made %s, or said %s", dir, plan.stdout)
	}
	// What a process that was killed has left is known by its name.
	l.want(ExitOK, "is up", "up", scenario, "--name", emulator.ExperimentName("tiny", dir))
	got := l.want(ExitOK, "Cells: 4 of 4 finished, 0 of them before", sweep()...)
	if !strings.Contains(got.stdout, experiment.ErrorsAre) {
		t.Errorf("nothing is said of the predictions' error: %s", got.stdout)
	}
	if n := strings.Count(got.stderr, "finished"); n != 4 {
		t.Errorf("%d cells were told of: %s", n, got.stderr)
	}
	l.nothingLeft()
	for _, row := range l.cells(dir) {
		fields := strings.Split(row, ",")
		m, err := record.ReadManifest(filepath.Join(dir, "runs", fields[4]))
		if err != nil || m.Exit != record.OK || len(m.Testbed) > 31 || !strings.HasPrefix(m.Testbed, "tiny-x") {
			t.Errorf("%s: %+v, %v", row, m, err)
		}
		samples, err := os.ReadFile(filepath.Join(dir, "runs", fields[4], record.SamplesFile))
		tag := ",topology_links_wifi_rate_bps=" + map[string]string{"10000000": "10Mbps", "50000000": "50Mbps"}[fields[1]]
		n := strings.Count(string(samples), tag)
		if err != nil || n < 8 || !strings.Contains(string(samples), "cell="+fields[0]) {
			t.Errorf("%d lines have the tag %s, %v", n, tag, err)
		}
	}
	l.want(ExitOK, "Cells: 4 of 4 finished, 4 of them before", "run", dir, "--allow-disturbed")
	mortal := l.state(l.t.Context(), &output{}, &output{}, "run", dir, "--allow-disturbed", "--figure",
		"latency_s~wifi,model")
	mortal.Root = false
	if code := Main(mortal); code != ExitOK {
		t.Errorf("presenting again without root: %d, %s", code, mortal.Stderr)
	}
	// One level more, and its cells alone; the directory says the rest.
	l.want(ExitOK, "6 cells, 4 of them finished", "run", dir, "--set", "topology.links.wifi.rate=10Mbps,20Mbps,50Mbps",
		"--dry-run")
	var pooled experiment.Pooled
	out := l.want(ExitOK, "", "run", dir, "--set", "topology.links.wifi.rate=10Mbps,20Mbps,50Mbps", "-f", "json",
		"--allow-disturbed", "--report=false", "--verify=false")
	if err := json.Unmarshal([]byte(out.stdout), &pooled); err != nil || pooled.Cells != 6 || len(pooled.Groups) != 12 {
		t.Errorf("%v: %s", err, out.stdout)
	}
	l.want(ExitOK, "in-client", "compare", filepath.Join(dir, "runs", strings.Split(l.cells(dir)[0], ",")[4]))
	l.nothingLeft()
}

// Cells that fail leave the others; the next command tries them again. What is interrupted leaves no testbed.
func TestExperimentsThatDoNotComeToTheirEnd(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	scenario, dir := l.sweeping(), filepath.Join(l.dir, "sweep")
	sweep := []string{"run", scenario, "--into", dir, "--verify=false", "--report=false", "--allow-disturbed",
		"--set", "topology.links.wifi.rate=10Mbps,20Mbps,50Mbps,80Mbps", "--engine", "emulation", "--order", "stated"}
	l.Fail(fake.Start, errPlanted)
	l.want(ExitFailure, "3 cells failed one after the other, and the rest was left undone", sweep...)
	l.Fail(fake.Start, nil)
	l.nothingLeft()
	run := l.start(sweep...)
	l.until(run, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, experiment.JournalFile))
		return err == nil && len(text) > 500
	})
	run.interrupt()
	if got := l.end(run); got.code != ExitInterrupted || !strings.Contains(got.stderr, "testbed run "+dir) {
		t.Errorf("%d: %s", got.code, got.stderr)
	}
	l.nothingLeft()
	got := l.want(ExitOK, "Cells: 4 of 4 finished", sweep...)
	if strings.Contains(got.stdout, ", 0 of them before") {
		t.Error(got.stdout)
	}
}

func TestExperimentsThatAreWrong(t *testing.T) {
	t.Parallel()
	l := newBench(t)
	scenario := l.sweeping()
	file := l.file("e.yaml", "scenario: tiny.yaml\nfactors:\n  workload.jobs: [4, 0]\nengines: [transport]\n")
	unknown := "there is no column \"link\""
	for want, args := range map[string][]string{
		`--set workload.job=1: workload: unknown key "job"; did you mean "jobs"?`: {scenario, "--set", "workload.job=1"},
		"e.yaml:3:22: workload.jobs: 0 is out of range":                           {file},
		"--fail-if is for a single run":                                           {scenario, "--repeat=2", "--fail-if", "x"},
		unknown:                                                                   {scenario, "--figure=network_s~link"},
		`"x" is no factor`:                                                        {scenario, "--set", "x"},
	} {
		l.want(ExitUsage, want, append([]string{"run"}, args...)...)
	}
	if all, err := filepath.Glob(filepath.Join("results", "*experiment*")); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
}
