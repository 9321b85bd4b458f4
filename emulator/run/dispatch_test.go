package run

import (
	"slices"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// predicted are the latencies of the shipped scenario's chains, in s, by the transport model with a dispatcher.
func predicted(t *testing.T, dispatcher string) []float64 {
	t.Helper()
	const path = "../../scenarios/dispatch.yaml"
	text, err := scenario.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := scenario.Adapt(text, path, builtin.Catalogue(),
		scenario.Setting{Key: "placement.dispatch", Value: dispatcher})
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := e.Chains(e.Models[0])
	if err != nil {
		t.Fatal(err)
	}
	setting := Setting(e)
	engine, err := transport.New(setting.Topology, setting.Speed, transport.OptionsOf(setting))
	if err != nil {
		t.Fatal(err)
	}
	var all []predict.Prediction
	if all, err = engine.Predict(plans); err != nil {
		t.Fatal(err)
	}
	var latencies []float64
	for i := range all {
		latencies = append(latencies, all[i].Total)
	}
	return latencies
}

// At 80 % load the fewest under way halve the 95th percentile of what placement has fixed, whatever resample of chains
// one takes; the rest are in between.
func TestDispatchHalvesTheTail(t *testing.T) {
	t.Parallel()
	p95 := func(values []float64) float64 {
		slices.Sort(values)
		return quantile.Linear(values, 0.95)
	}
	interval := func(all []float64) (low, high float64) {
		return statistics.BlockInterval(len(all), func(indexes []int) float64 {
			var values []float64
			for _, i := range indexes {
				values = append(values, all[i])
			}
			return p95(values)
		})
	}
	fixed, least := predicted(t, "fixed"), predicted(t, "least-outstanding")
	low, _ := interval(fixed)
	_, high := interval(least)
	if high > low/2 {
		t.Errorf("p95 with least-outstanding is at most %.3f s, with fixed at least %.3f", high, low)
	}
	if turns, few := p95(predicted(t, "round-robin")), p95(least); few >= turns {
		t.Errorf("p95 with least-outstanding is %.3f s, in turns %.3f", few, turns)
	}
}
