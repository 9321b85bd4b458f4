package campaign

import (
	"context"
	"testing"

	"testbed/emulator/predict/statesim"
	"testbed/emulator/scenario"
)

// paper is the configuration of the study's campaign.
func paper(t testing.TB) statesim.Config {
	t.Helper()
	s, err := scenario.Load("../../scenarios/paper.yaml")
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
