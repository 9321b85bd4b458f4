package emulator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/experiment"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/record"
)

// counting counts the cells for which the testbed was brought up.
type counting struct {
	*emulator.Emulation
	cells, fresh int
}

func (c *counting) Execute(ctx context.Context, w *experiment.Work) (*experiment.Result, error) {
	r, err := c.Emulation.Execute(ctx, w)
	if err == nil {
		if c.cells++; r.Fresh {
			c.fresh++
		}
	}
	return r, err
}

// A sweep of two rates and two loads is measured on one testbed, which is changed from cell to cell: the network that
// is in force has each cell's rate, and nothing is left at the end.
func TestExperimentOnARealTestbed(t *testing.T) {
	w := newReal(t)
	dir := t.TempDir()
	name := fmt.Sprintf("swp-%d", os.Getpid())
	text := "runtime: process\nfabric: userspace\n" + strings.NewReplacer("name: tiny", "name: "+name, "jobs: 30}",
		"jobs: 200}", "max-length: 2", "max-length: 4").Replace(fakehost.Scenario)
	spec := experiment.Spec{Name: name, File: filepath.Join(dir, "s.yaml"), Text: []byte(text), Repeat: 1,
		Order: experiment.Random, Engines: []string{experiment.Emulation, "transport"}}
	for _, factor := range []string{"topology.links.wifi.rate=10Mbps,50Mbps", "workload.jobs=3,6"} {
		f, err := experiment.ParseFactor(factor, "test")
		if err != nil {
			t.Fatal(err)
		}
		spec.Factors = append(spec.Factors, f)
	}
	cells, err := experiment.Resolve(t.Context(), &spec, emulator.Catalogue(), w.of.Check, nil)
	if err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(dir, "sweep")
	executor := &counting{Emulation: &emulator.Emulation{Host: w.of, Origin: "a test", Own: true,
		Options: emulator.UpOptions{Name: emulator.ExperimentName(name, into)}}}
	o, err := experiment.Run(t.Context(), experiment.Config{Spec: spec, Cells: cells, Dir: into, Steps: true,
		Catalogue: emulator.Catalogue(), Executor: executor, Version: "test"})
	if err != nil || o.Done != 4 || len(o.Failed) > 0 || o.Chains > 0 {
		t.Fatalf("%+v, %v", o, err)
	}
	if executor.cells != 4 || executor.fresh != 1 {
		t.Errorf("of %d cells %d brought the testbed up", executor.cells, executor.fresh)
	}
	all, err := w.of.All(t.Context())
	for _, left := range all {
		if left == executor.Options.Name {
			t.Errorf("%s is left, %v", left, err)
		}
	}
	runs, err := os.ReadDir(filepath.Join(into, experiment.RunsDir))
	if err != nil || len(runs) != 4 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	rates := map[string]int{}
	for _, r := range runs {
		m, err := record.Verify(filepath.Join(into, experiment.RunsDir, r.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range m.Queues {
			if q.Link == "wifi" && q.From == "cam" {
				rates[fmt.Sprint(q.Rate)]++
			}
		}
	}
	if rates["10Mbps"] != 2 || rates["50Mbps"] != 2 || len(rates) != 2 {
		t.Errorf("rates in force: %v", rates)
	}
}
