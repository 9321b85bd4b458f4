package run

import (
	"context"
	"fmt"

	"testbed/emulator/record"
)

// fidelity measures how closely the network is as the scenario says, for the manifest. A measurement that
// cannot be made, as on a host too slow for the fastest links, is told of there and ends no run.
func (r *run) fidelity(ctx context.Context) {
	findings, err := r.Bed.Verify(ctx, func(done, total int, what string) {
		r.phase(fmt.Sprintf("measuring the links: %d/%d %s", done+1, total, what))
	})
	r.manifest.Fidelity = findings
	if err != nil && ctx.Err() == nil {
		r.manifest.FidelityError = err.Error()
	}
	for _, f := range findings {
		if !f.OK {
			r.outcome.Off = append(r.outcome.Off, f)
		}
	}
}

// OffTarget says of a measurement that is off its target what it is of and by how much, in one line.
func OffTarget(f record.Fidelity) string {
	what := "rate"
	target, measured := fmt.Sprintf("%.2f Mbps", f.Target/1e6), fmt.Sprintf("%.2f Mbps", f.Measured/1e6)
	if f.Quantity == "rtt_s" {
		what = "round trip"
		target, measured = fmt.Sprintf("%.3f ms", 1e3*f.Target), fmt.Sprintf("%.3f ms", 1e3*f.Measured)
	}
	line := fmt.Sprintf("%s from %s to %s", what, f.From, f.To)
	if f.Link != "" {
		line += ", link " + f.Link
	}
	line += fmt.Sprintf(" (%s): %s, wanted %s", f.Class, measured, target)
	if f.Verdict != "" {
		line += ": " + f.Verdict
	}
	return line
}
