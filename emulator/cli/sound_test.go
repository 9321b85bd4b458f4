package cli

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/compare"
	"testbed/emulator/influx"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
)

// sealedRun is a run's directory as the run left it, sealed, with the scenario that it was made from.
func sealedRun(t *testing.T) string {
	t.Helper()
	dir := writeRun(t, 0.104)
	sc, err := scenario.Load(scenarioFile("smoke.yaml"), builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	kept, err := resolved.KeepInputs(sc, dir, resolved.LargestInput)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := sc.Topology()
	if err != nil {
		t.Fatal(err)
	}
	m, err := record.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Inputs, m.Samples = kept.Inputs, record.Counts{Written: 24}
	if err := errors.Join(record.WriteTopology(dir, graph), m.Seal(dir), m.Write(dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func alter(t *testing.T, path string, how func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(how(string(text))), 0o644); err != nil {
		t.Fatal(err)
	}
}

// edit alters a text once.
func edit(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

func unchanged(s string) string { return s }

// firstHalf cuts a text behind a line near its middle.
func firstHalf(s string) string {
	end := strings.Index(s[len(s)/2:], "\n") + len(s)/2 + 1
	return s[:end]
}

// A directory that is not as the run left it: every command that reads it says so first, shows what there is, and
// ends with the exit code of a check that failed.
func TestDirectoriesThatAreNotAsTheRunLeftThem(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	t.Setenv(influx.EnvURL, server.URL)
	t.Setenv(influx.EnvOrg, "o")
	t.Setenv(influx.EnvBucket, "b")
	const running = `"exit": "running"`
	for name, c := range map[string]struct {
		file string
		how  func(string) string
		says string // on standard error, first
		sent string // what upload prints
	}{
		"as it was":                       {record.SamplesFile, unchanged, "", "has 24 lines"},
		"cut between lines":               {record.SamplesFile, firstHalf, "incomplete", "has "},
		"one latency edited":              {record.SamplesFile, edit("latency_s=0.104", "latency_s=0.101"), "altered", ""},
		"one row of the table edited":     {record.ChainsFile, edit("0.104", "0.101"), "altered", ""},
		"one prediction edited":           {record.PredictionFile, edit("0.1", "0.2"), "altered", ""},
		"a link's name edited":            {record.TopologyFile, edit("wifi", "wify"), "altered", ""},
		"the seed in the manifest":        {record.ManifestFile, edit(`"seed": 1`, `"seed": 2`), "altered", ""},
		"killed before it was at its end": {record.ManifestFile, edit(`"exit": "ok"`, running), "incomplete", "has 24 lines"},
	} {
		dir := sealedRun(t)
		alter(t, filepath.Join(dir, c.file), c.how)
		code := ExitOK
		if c.says != "" {
			code = ExitCheck
		}
		for command, shows := range map[string]string{
			"compare": "in-edge", "report": "Report: ", "graph": "graph", "upload": c.sent,
		} {
			got := invoke(t, command, dir)
			if got.code != code || !strings.Contains(got.stdout, shows) {
				t.Errorf("%s: %s: exit %d, want %d, and %q in\n%s%s", name, command, got.code, code, shows, got.stdout, got.stderr)
			}
			if first, _, _ := strings.Cut(got.stderr, "\n"); c.says != "" && !strings.Contains(first, c.says) {
				t.Errorf("%s: %s: %q is not said first:\n%s", name, command, c.says, got.stderr)
			}
		}
		got := invoke(t, "compare", dir, "-f", "json")
		var all compare.Comparison
		err := json.Unmarshal([]byte(got.stdout), &all)
		if err != nil || len(all.Runs) != 1 || (all.Runs[0].Unsound == "") != (c.says == "") || !all.Runs[0].Sealed {
			t.Errorf("%s: as JSON: %v\n%s", name, err, got.stdout)
		}
	}
}

// A run's directory stands for its scenario, wherever it was moved.
func TestRunsDirectoryAsScenario(t *testing.T) {
	dir := sealedRun(t)
	want := invoke(t, "simulate", scenarioFile("smoke.yaml"), "-f", "json")
	got := invoke(t, "simulate", dir, "-f", "json")
	if got.code != ExitOK || got.stdout != want.stdout {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
	alter(t, filepath.Join(dir, record.ScenarioFile), edit("seed: 1", "seed: 2"))
	if got := invoke(t, "run", dir); got.code != ExitCheck || !strings.Contains(got.stderr, "altered") {
		t.Errorf("an edited scenario: exit %d: %s", got.code, got.stderr)
	}
	if got := invoke(t, "simulate", writeRun(t, 0.1)); got.code != ExitUsage || !strings.Contains(got.stderr, "not kept") {
		t.Errorf("of an older version: exit %d: %s", got.code, got.stderr)
	}
}

// What `run -f json` prints names the run's directory, also where there is nothing to compare.
func TestRunAsJSONNamesItsDirectory(t *testing.T) {
	reports := []*compare.Report{{Engine: "transport"}}
	for _, o := range []*run.Outcome{
		{Dir: "results/r", Run: &compare.Run{Directory: "results/r", Name: "r", Reports: reports}},
		{Dir: "results/r", Run: &compare.Run{Directory: "results/r", Name: "r"}},
	} {
		var out strings.Builder
		if err := (presentation{format: "json"}).printRun(&State{Stdout: &out}, o); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Runs []struct {
				Directory string `json:"directory"`
			} `json:"runs"`
		}
		err := json.Unmarshal([]byte(out.String()), &got)
		if err != nil || len(got.Runs) != 1 || got.Runs[0].Directory != "results/r" {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}

// Links that are off are named, and end a run as they end `testbed verify`.
func TestRunNamesLinksThatAreOff(t *testing.T) {
	var out strings.Builder
	s := &State{Stdout: &out, Stderr: &out}
	if err := offCheck(s, nil); err != nil || out.Len() > 0 {
		t.Errorf("%v: %s", err, out.String())
	}
	off := record.Fidelity{
		From: "cam1", To: "nuc", Link: "wifi", Class: "wlan", Quantity: "rtt_s", Target: 0.01, Measured: 0.02,
	}
	err := offCheck(s, []record.Fidelity{off})
	if code, _ := exitCode(err); code != ExitCheck || !strings.Contains(out.String(), "cam1 to nuc, link wifi") {
		t.Errorf("exit %d: %v\n%s", code, err, out.String())
	}
}
