package run

import (
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// BenchmarkConcurrent predicts 500 chains of the study's scenario that begin at the same time, in each model.
func BenchmarkConcurrent(b *testing.B) {
	const chains = 500
	sc, err := scenario.Load("../../scenarios/iiot.yaml", builtin.Catalogue())
	if err != nil {
		b.Fatal(err)
	}
	e, err := resolved.Prepare(sc)
	if err != nil {
		b.Fatal(err)
	}
	setting := Setting(e)
	setting.Fresh, setting.Connections, setting.Arrivals = false, 8, predict.Arrivals{Users: chains}
	setting.PerMessage = 150 * time.Microsecond
	engine, err := transport.New(e.Topology, e.Speed, transport.OptionsOf(setting))
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range e.Models {
		of, err := e.Plans(m, plan.ByWorker)
		if err != nil {
			b.Fatal(err)
		}
		plans := make([]*plan.Plan, chains)
		for i := range plans {
			plans[i] = of[i%len(of)]
		}
		b.Run(string(m), func(b *testing.B) {
			for b.Loop() {
				if _, err := engine.Predict(plans); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
