package transport

import (
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/units"
)

// TestProgramsTakeWhatTheyTake: neither a node's speed nor others that compute there divide a program's time, also
// where it computes again as another has changed its state.
func TestProgramsTakeWhatTheyTake(t *testing.T) {
	for _, compute := range []predict.Compute{predict.Allotted, predict.Shared, predict.Whole} {
		for name, c := range map[string]struct {
			states []string
			totals []float64 // s
		}{
			"nothing shared":  {[]string{""}, []float64{0.32, 0.32}},
			"one state again": {[]string{"a"}, []float64{0.32, 0.62}},
		} {
			net, a, b := line(t, both(100*units.Gbps, 10*time.Millisecond))
			o := bare()
			o.Compute, o.Connections = compute, -1
			o.Arrivals.Due = func(jobs []int) []time.Duration { return make([]time.Duration, len(jobs)) }
			plans := tenants(plan.External, 2, a, b, c.states...)
			for _, p := range plans {
				p.Invocations[0].Program, p.Invocations[0].Took = true, 300*time.Millisecond
				for i := range p.Steps {
					if s := &p.Steps[i]; s.Kind == plan.Compute {
						s.Program, s.Took = true, 300*time.Millisecond
					}
				}
			}
			for i, got := range predictions(t, net, o, plans) {
				setUp := 0.02
				near(t, string(rune('0'+i))+" "+name, got.Total, c.totals[i]+setUp, 1e-4)
			}
		}
	}
}
