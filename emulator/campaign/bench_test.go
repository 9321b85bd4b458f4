package campaign

import (
	"context"
	"runtime"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/scenario"
)

// paper is the configuration of the study's campaign.
func paper(t testing.TB) statesim.Config {
	t.Helper()
	s, err := scenario.Load("../../scenarios/paper.yaml", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	c, notes, err := Simulation(s)
	if err != nil || len(notes) > 0 {
		t.Fatal(err, notes)
	}
	return c
}

// BenchmarkCampaign is a small campaign of the study's shape, with files: 3 loads, 4 replications.
func BenchmarkCampaign(b *testing.B) {
	c := Config{Spec: Study(), Simulation: paper(b), Dir: b.TempDir()}
	c.Jobs, c.Replications = []int{100, 300, 500}, 4
	for _, store := range []Store{Parquet, Statesim} {
		b.Run(string(store), func(b *testing.B) {
			c.Store = store
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				r, err := Run(context.Background(), c)
				if err != nil {
					b.Fatal(err)
				}
				rows = 0
				for i := range r.Means {
					rows += r.Means[i].Chains
				}
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}

// BenchmarkReplication is a replication of 500 jobs on IIoT: two allocations and eight simulations. Those of
// single policies and models, and the growth with jobs and hosts, are in package statesim.
func BenchmarkReplication(b *testing.B) {
	c := Config{Spec: Study(), Simulation: paper(b)}
	c.Jobs = []int{500}
	sim, err := statesim.New(c.Simulation)
	if err != nil {
		b.Fatal(err)
	}
	r := &run{Config: c, sim: sim, output: &output{}}
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	jobs := 0
	for b.Loop() {
		f := finished{blocks: r.blocks(0)}
		if err := r.replicate(&f); err != nil {
			b.Fatal(err)
		}
		jobs += len(f.blocks[0].Rows)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(jobs), "allocs/job")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(jobs), "ns/job")
}
