package study

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/experiment"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

func TestScenarioEqualsShipped(t *testing.T) {
	shipped, err := os.ReadFile("../../../scenarios/study.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shipped, Text) {
		t.Error("scenarios/study.yaml and the copy here differ: cp scenarios/study.yaml emulator/experiment/study/")
	}
}

func TestSpec(t *testing.T) {
	full, quick := Full(builtin.Catalogue()), Quick(builtin.Catalogue())
	for _, o := range []Options{full, quick} {
		s, err := o.Spec(File, Text)
		if err == nil {
			err = s.Check(builtin.Catalogue())
		}
		if err != nil || len(s.Factors) != 2 || len(s.Factors[0].Levels) != len(o.Loads) || s.Repeat < 2 {
			t.Errorf("%+v: %+v, %v", o, s, err)
		}
	}
	all := full
	all.Chains = 0
	if s, err := all.Spec(File, Text); err != nil || len(s.Factors[1].Levels[0].Also) != 0 {
		t.Errorf("all chains: %+v, %v", s.Factors, err)
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Loads = nil }, func(o *Options) { o.Loads = []int{500, 100} },
		func(o *Options) { o.Loads = []int{0} }, func(o *Options) { o.Chains = -1 },
	} {
		o := full
		change(&o)
		if _, err := o.Spec(File, Text); err == nil {
			t.Errorf("%+v passes", o)
		}
	}
}

// rows of one cell: in each model chains of lengths 1 and 2, the longer of which weighs less.
func rows(network float64, failed bool) []experiment.Chain {
	var all []experiment.Chain
	for _, engine := range []string{experiment.Emulation, "transport"} {
		for _, m := range plan.Study {
			for i, weight := range []float64{3, 1} {
				all = append(all, experiment.Chain{Engine: engine, Model: string(m), Policy: string(placement.Load), Index: i,
					Length: i + 1, Weight: weight, Network: network * float64(i+1), Traffic: 1000,
					OK: !failed || engine != experiment.Emulation || m != plan.External || i != 1})
			}
		}
	}
	return all
}

func TestRowsBecomeResultsOfCampaigns(t *testing.T) {
	spec := campaign.Spec{Jobs: []int{4}, Replications: 2, Models: plan.Study,
		Policies: []placement.Policy{placement.Load}}
	engines := []string{experiment.Emulation, "transport", "statesim"}
	r := NewRows(spec, engines)
	r.Add(&Load{Jobs: 4, Repetition: 2}, rows(0.2, true))
	r.Add(&Load{Jobs: 4, Repetition: 1, Overhead: map[string]float64{"external": 1.5},
		Traffic: map[string]float64{"external": 3000}}, rows(0.1, false))
	all := r.Engines()
	if len(all) != 2 || all[0].Name != figures.Measured || all[1].Name != "transport" {
		t.Fatalf("engines %+v", all)
	}
	of := func(engine int, m plan.Model, value func(*campaign.Mean) float64) []float64 {
		return all[engine].Results.Samples(4, placement.Load, m, value)
	}
	network := func(m *campaign.Mean) float64 { return m.Network }
	traffic := func(m *campaign.Mean) float64 { return m.Traffic }
	// (3·0.1 + 1·0.2)/4, and in the second repetition the short chain alone, for both engines.
	near := func(got []float64, want ...float64) bool {
		return slices.EqualFunc(got, want, func(a, b float64) bool { return a-b < 1e-12 && b-a < 1e-12 })
	}
	for engine := range all {
		if got := of(engine, plan.External, network); !near(got, 0.125, 0.2) {
			t.Errorf("%s: %v", all[engine].Name, got)
		}
		if got := of(engine, plan.InEdge, network); !near(got, 0.125, 0.25) {
			t.Errorf("%s: %v", all[engine].Name, got)
		}
	}
	if got := of(0, plan.External, traffic); !near(got, 4500, 1000) {
		t.Errorf("measured traffic %v", got)
	}
	if got := of(1, plan.External, traffic); !near(got, 3000, 1000) {
		t.Errorf("predicted traffic %v", got)
	}
}

// A run is the experiment's own: where a link stands in its place, or in that of all runs, nothing is read behind it.
func TestRunsAreTheExperimentsOwn(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	runs := filepath.Join(dir, experiment.RunsDir)
	for _, path := range []string{filepath.Join(runs, "own"), filepath.Join(elsewhere, "other")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(elsewhere, "other"), filepath.Join(runs, "link")); err != nil {
		t.Skip(err)
	}
	if path, err := runOf(dir, "own"); err != nil || path != filepath.Join(runs, "own") {
		t.Errorf("%s, %v", path, err)
	}
	for _, name := range []string{"link", "none"} {
		if path, err := runOf(dir, name); err == nil {
			t.Errorf("%s is %s", name, path)
		}
	}
	other := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(other, experiment.RunsDir)); err != nil {
		t.Fatal(err)
	}
	if path, err := runOf(other, "other"); err == nil {
		t.Errorf("all runs are behind a link: %s", path)
	}
}
