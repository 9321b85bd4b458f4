package session

import (
	"context"
	"fmt"
	"time"

	"testbed/emulator/orchestrator"
	"testbed/emulator/record"
)

// quick is what a run measures of its own network: one link of each class, briefly. `testbed verify`
// measures more.
var quick = orchestrator.VerifyOptions{PerClass: 1, Pings: 100, Duration: 500 * time.Millisecond, Tolerance: orchestrator.DefaultTolerance}

// fidelity measures how closely the network is as the scenario says, for the manifest. A measurement that
// cannot be made, as on a host too slow for the fastest links, is told of there and ends no run.
func (r *run) fidelity(ctx context.Context) {
	o := quick
	o.Progress = func(done, total int, what string) {
		r.phase(fmt.Sprintf("measuring the links: %d/%d %s", done+1, total, what))
	}
	findings, err := r.Testbed.Verify(ctx, o)
	for _, f := range findings {
		if f.Skipped {
			continue // links without a rate, or that lose too much for one: nothing was measured
		}
		r.manifest.Fidelity = append(r.manifest.Fidelity, fidelityOf(f))
	}
	if err != nil && ctx.Err() == nil {
		r.manifest.FidelityError = err.Error()
	}
}

func fidelityOf(f orchestrator.Finding) record.Fidelity {
	quantity := "goodput_bps"
	switch {
	case f.Probe == "rtt":
		quantity = "rtt_s"
	case f.Bound:
		quantity = "goodput_bound_bps"
	}
	return record.Fidelity{From: f.From, To: f.To, Class: f.Class, Quantity: quantity, Target: f.Target, Measured: f.Measured, OK: f.OK}
}
