package cli

import (
	"fmt"

	"testbed/emulator/record"
)

// validityLines say how far a run can be trusted, and why no further; nothing where it has no verdict.
func validityLines(v *record.Validity) []string {
	if v == nil {
		return nil
	}
	line := fmt.Sprintf("Validity: %s; %d of %d chains disturbed by the host, %d attempts repeated; it added at most %s to a chain",
		v.Verdict, v.Disturbed, v.Chains, v.Repeated, inMS(v.HostMax))
	if most := v.MostAdded(); most > 0 {
		line += fmt.Sprintf(" and %.2g %% to a model's mean", 100*most)
	}
	if f := v.Fabric; f != nil {
		line += fmt.Sprintf("; packets late by %s at p99 and %s at most, %d lost by the host", inMS(f.LateP99),
			inMS(f.LateMax), f.Lost)
	}
	lines := []string{line}
	for _, reason := range v.Reasons {
		lines = append(lines, "  "+reason)
	}
	return lines
}

// inMS is a time given in s.
func inMS(s float64) string { return fmt.Sprintf("%.3g ms", 1e3*s) }
