package study

import (
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/predict/statesim"
)

func hourly(b *testing.B) statesim.Config {
	b.Helper()
	s, err := Scenario(builtin.Catalogue())
	if err != nil {
		b.Fatal(err)
	}
	simulation, _, err := campaign.Simulation(s)
	if err != nil {
		b.Fatal(err)
	}
	return simulation
}

// BenchmarkSeed is one seed more of a campaign on the study's hour: 500 jobs, both policies, four models. The published
// simulator takes 58 ms for it on the machine where this is to take 2.3.
func BenchmarkSeed(b *testing.B) {
	simulation := hourly(b)
	spec := campaign.Study()
	spec.Jobs, spec.Replications = []int{500}, b.N
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := campaign.Run(b.Context(), campaign.Config{Spec: spec, Simulation: simulation, Workers: 1}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStart is what a campaign on the hour takes before its first seed: reading trace and topology, making the
// pool, finding paths. It is to take 50 ms on that machine, the program's own start included.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := statesim.New(hourly(b)); err != nil {
			b.Fatal(err)
		}
	}
}
