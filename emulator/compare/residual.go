package compare

import (
	"cmp"
	"slices"
)

// overlapping says of each sample whether it overlapped another one in time. What chains without a start did is not
// known.
func overlapping(samples []sample) []bool {
	beside := make([]bool, len(samples))
	order := make([]int32, 0, len(samples))
	for i := range samples {
		if samples[i].start > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(samples[a].start, samples[b].start) })
	last := int32(-1) // of those before, the one that ends last
	for _, i := range order {
		if last >= 0 && samples[last].end > samples[i].start {
			beside[i], beside[last] = true, true
		}
		if last < 0 || samples[i].end > samples[last].end {
			last = i
		}
	}
	return beside
}

// apart are a sample's causes, with the residual of its transfers told apart where that is possible. What took longer
// than the reference says is the host's as far as that may have been late. The rest is the error of the waiting
// behind others, where there were some: how much of it is the model's otherwise cannot be told, but that nothing
// waits less than not at all, and that a chain that was alone did not wait.
func (c *Collector) apart(i int32, p *pair) [causeCount]float64 {
	causes := p.causes
	if !p.apart {
		return causes
	}
	rest := causes[queueing]
	causes[queueing] = 0
	causes[hostLateness] = min(c.samples[i].late, max(rest, 0))
	rest -= causes[hostLateness]
	waited := -p.waits
	if c.beside[i] {
		waited = max(rest, -p.waits)
	}
	causes[waiting] += waited
	causes[modelError] = rest - waited
	return causes
}
