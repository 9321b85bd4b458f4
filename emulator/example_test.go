package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"testbed/emulator"
	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/fake/fakehost"
	"testbed/emulator/orchestrator"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
)

// host is a machine in memory; a program of its own has emulator.NewHost in its place, which needs root.
func host(dir string) *emulator.Host {
	_, h := fakehost.New(dir)
	return h
}

// What the command line does, by hand: bring a scenario up, change a link, run its workload, compare the run with
// its predictions, and take the testbed down.
func Example() {
	dir, err := os.MkdirTemp("", "tb-example-")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tiny.yaml")
	check(os.WriteFile(path, []byte(fakehost.Scenario), 0o600))
	ctx := context.Background()

	e, err := emulator.Load(path)
	check(err)
	h := host(dir)
	bed, err := h.Up(ctx, e, emulator.UpOptions{})
	check(err)
	fmt.Println(bed.Journal.Testbed, "is up with", len(bed.Nodes()), "nodes")

	slower, err := scenario.ParseProperties([]string{"rate=10Mbps"})
	check(err)
	check(bed.SetLinks(ctx, "the example", []string{"class:lan"}, slower))
	changes, err := bed.Changes()
	check(err)
	fmt.Println(changes[0].Origin, "changed", changes[0].What[0])

	outcome, err := bed.Run(ctx, run.Config{Results: filepath.Join(dir, "results")})
	check(err)
	fmt.Println("chains that failed:", outcome.Failures())

	run, err := rundir.Open(outcome.Dir, compare.Options{Catalogue: builtin.Catalogue()})
	check(err)
	for _, m := range run.Reports[0].Models {
		fmt.Println(m.Model, "is predicted by", run.Reports[0].Engine)
	}

	check(h.Remove(ctx, "tiny", false, nil))
	_, err = h.Open(ctx, "tiny")
	fmt.Println("down:", errors.Is(err, orchestrator.ErrNotRunning))
	// Output:
	// tiny is up with 3 nodes
	// the example changed lan1 (from nuc): rate 10Mbps, was 1Gbps
	// chains that failed: 0
	// in-function is predicted by transport
	// in-client is predicted by transport
	// down: true
}

// A testbed that is up follows an edited scenario: what Plan finds, Apply does.
func ExampleBed_Apply() {
	dir, err := os.MkdirTemp("", "tb-example-")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tiny.yaml")
	check(os.WriteFile(path, []byte(fakehost.Scenario), 0o600))
	ctx := context.Background()
	e, err := emulator.Load(path)
	check(err)
	m, h := fakehost.New(dir)
	bed, err := h.Up(ctx, e, emulator.UpOptions{})
	check(err)

	m.Kill("tiny", "nuc")
	found, err := bed.Plan(ctx, e)
	check(err)
	fmt.Println("to be replaced:", found.Replace)
	_, err = bed.Apply(ctx, "the example", e, nil)
	check(err)
	fmt.Println("problems:", h.Status(ctx, "tiny").Problems)
	check(h.Remove(ctx, "tiny", false, nil))
	// Output:
	// to be replaced: [nuc]
	// problems: []
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
