package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/topology/ether"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// small is a campaign of ten replications that takes some milliseconds.
func small(t testing.TB) Config {
	t.Helper()
	topo, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	chains := spar.Chains(spar.Synthesize(600, 1), workload.DefaultOptions())
	c := Config{Spec: Study(), Simulation: statesim.DefaultConfig(topo, chains)}
	c.Jobs, c.Replications, c.Seed = []int{10, 30}, 5, 3
	c.Dir = filepath.Join(t.TempDir(), "campaign")
	return c
}

// sums are the SHA-256 of all files below a directory.
func sums(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		name, _ := filepath.Rel(dir, path)
		all[name] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// equal wants the same files with the same content.
func equal(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s: %s differs or is missing", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s should not be there", what, name)
		}
	}
}

// whole runs a campaign in one go and returns its files.
func whole(t testing.TB, c Config) map[string]string {
	t.Helper()
	c.Dir = filepath.Join(t.TempDir(), "whole")
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return sums(t, c.Dir)
}

func TestWorkersDoNotMatter(t *testing.T) {
	for _, store := range Stores {
		c := small(t)
		c.Store, c.Workers = store, 1
		want := whole(t, c)
		if least := map[Store]int{Parquet: 4, Statesim: 3 + 2*2*4*10}[store]; len(want) != least {
			t.Errorf("%s: %d files, want %d", store, len(want), least)
		}
		for _, workers := range []int{2, 7} {
			c.Workers = workers
			equal(t, fmt.Sprintf("%s, %d workers", store, workers), whole(t, c), want)
		}
	}
}

func TestAnotherCampaignIsNotMixedIn(t *testing.T) {
	c := small(t)
	c.Store = Statesim
	interrupt(t, c, 3)
	keep := filepath.Join(c.Dir, "notes.txt")
	if err := os.WriteFile(keep, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := c
	other.Resume, other.Seed = true, 99
	if _, err := Run(context.Background(), other); err == nil || !strings.Contains(err.Error(), "another campaign") {
		t.Errorf("a resumed campaign took over another's files: %v", err)
	}
	other = c
	other.Resume = true
	other.Simulation.Speed = placement.SpeedCPU
	if _, err := Run(context.Background(), other); err == nil {
		t.Error("a campaign with another speed of nodes was taken for the same")
	}
	// Without Resume the old one is replaced, and what is not its own stays.
	other.Resume, other.Store = false, Parquet
	want := whole(t, other)
	if _, err := Run(context.Background(), other); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(keep); err != nil {
		t.Error(err)
	}
	equal(t, "replaced", sums(t, c.Dir), want)
}

func TestWrongSpecifications(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"no jobs":          func(s *Spec) { s.Jobs = nil },
		"negative jobs":    func(s *Spec) { s.Jobs = []int{-1} },
		"jobs twice":       func(s *Spec) { s.Jobs = []int{5, 5} },
		"no replications":  func(s *Spec) { s.Replications = 0 },
		"no policy":        func(s *Spec) { s.Policies = nil },
		"unknown policy":   func(s *Spec) { s.Policies = []placement.Policy{"random"} },
		"no model":         func(s *Spec) { s.Models = nil },
		"unknown model":    func(s *Spec) { s.Models = []plan.Model{"nowhere"} },
		"one model, twice": func(s *Spec) { s.Models = []plan.Model{plan.InEdge, plan.InEdge} },
	} {
		c := small(t)
		change(&c.Spec)
		if _, err := Run(context.Background(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
		if exists(c.Dir) {
			t.Errorf("%s: files were made", name)
		}
	}
}

// A campaign on the published topology and trace leaves the published files.
func TestFilesEqualPublished(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "reference")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the reference data are not here: %v", err)
	}
	topo, err := ether.Load(filepath.Join(root, "ether", "iiot.0"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.Open(filepath.Join(root, "statesim", "batch_task.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = text.Close() }()
	trace, err := spar.Read(text, "batch_task.csv")
	if err != nil {
		t.Fatal(err)
	}
	c := small(t)
	c.Simulation = statesim.DefaultConfig(topo, spar.Chains(trace, workload.DefaultOptions()))
	c.Jobs, c.Replications, c.Seed, c.Store = []int{100}, 3, 1, Statesim
	got, want := whole(t, c), sums(t, filepath.Join(root, "statesim", "expected"))
	for name := range got {
		if !strings.Contains(name, "-alloc=") {
			delete(got, name) // the campaign's own
		}
	}
	if len(want) != 48 {
		t.Errorf("%d files to compare with, want 48", len(want))
	}
	equal(t, "published", got, want)
}

// Nothing is left where no directory was asked for.
func TestWithoutDirectory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	c := small(t)
	c.Dir = ""
	r, err := Run(context.Background(), c)
	if err != nil || len(r.Means) != 2*5*2*4 {
		t.Fatal(err)
	}
	interrupt(t, c, 2)
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
