package emulator_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
)

// TestDispatchHalvesTheTailMeasured: at 80 % load the fewest under way halve the 95th percentile of what placement has
// fixed, measured, and whatever resample of chains one takes. It takes two and a half minutes, and runs on a quiet
// machine alone; package run has the prediction's.
func TestDispatchHalvesTheTailMeasured(t *testing.T) {
	if testenv.OnQuietMachine(0, 1) == 1 {
		t.Skip("it is measured under make fidelity alone")
	}
	w := newReal(t)
	text, err := os.ReadFile("../scenarios/dispatch.yaml")
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("dispatch-%d", os.Getpid())
	p95 := map[string][3]float64{} // with the interval
	for _, dispatcher := range []string{"fixed", "least-outstanding"} {
		of := strings.Replace(string(text), "dispatch: least-outstanding", "dispatch: "+dispatcher, 1)
		of = strings.Replace(of, "name: dispatch\n", "name: "+name+"\n", 1)
		dir := t.TempDir()
		e := loaded(t, dir, of)
		sink := &kept{}
		w.carriedOut(t, e, dir, sink)
		chains := sink.chains
		slices.SortFunc(chains, func(a, b record.Chain) int { return int(a.Start - b.Start) })
		at := func(indexes []int) float64 {
			var all []float64
			for _, i := range indexes {
				all = append(all, chains[i].Measured.Latency)
			}
			slices.Sort(all)
			return quantile.Linear(all, 0.95)
		}
		every := make([]int, len(chains))
		for i := range every {
			every[i] = i
		}
		low, high := statistics.BlockInterval(len(chains), at)
		p95[dispatcher] = [3]float64{at(every), low, high}
	}
	t.Logf("p95 in s, with the interval: %v", p95)
	if fixed, least := p95["fixed"], p95["least-outstanding"]; least[2] > fixed[1]/2 {
		t.Errorf("p95 with least-outstanding is at most %.3f s, with fixed at least %.3f", least[2], fixed[1])
	}
}
