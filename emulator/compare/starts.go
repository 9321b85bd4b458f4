package compare

import (
	"fmt"

	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
)

// Chains of an open loop are due at times that do not depend on the others. One that starts late has a latency that is
// measured from its start, and waited before that: who asks what its client would have seen counts from when it was
// due.

// starts says how late a group's chains started.
func (c *Collector) starts(out *Group, members []int32) {
	values, weights := make([]float64, len(members)), make([]float64, len(members))
	for k, i := range members {
		s := &c.samples[i]
		values[k], weights[k] = s.total+s.waited, s.weight
		if s.waited > record.LateStart {
			out.Late++
		}
		out.LateMax = max(out.LateMax, s.waited)
	}
	if out.Late > 0 {
		summary := summarise(values, weights)
		out.SinceDue = &summary
	}
}

// sinceDue describes latencies from when chains were due.
func (g *Group) sinceDue() *Summary {
	if g.SinceDue != nil {
		return g.SinceDue
	}
	return &g.Total.Measured
}

// starts says of models whose chains started late what their latencies are from when they were due.
func (p *printer) starts(r *Report) {
	for i := range r.Models {
		if g := &r.Models[i]; g.SinceDue != nil {
			p.paragraph(fmt.Sprintf("%s: %d of %s started more than %g ms after they were due, by %s ms at most; from "+
				"when they were due they took %s ms on average, %s at the median and %s at p95", g.Model, g.Late,
				printable.Count(g.Chains-g.Errors, "chain"),
				1e3*record.LateStart, millis(g.LateMax), millis(g.SinceDue.Mean), millis(g.SinceDue.Median),
				millis(g.SinceDue.P95)))
		}
	}
}
