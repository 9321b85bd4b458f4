package clocks

import "slices"

// slope is the median of the slopes between anchors that are far apart: half of all (Theil 1950, Sen 1968). It bears
// that some anchors are off by queues that all of their probes met.
func slope(all []anchor) float64 {
	var slopes []float64
	for i := range all {
		for j := i + max(1, len(all)/2); j < len(all); j++ {
			slopes = append(slopes, float64(all[j].offset-all[i].offset)/float64(all[j].at-all[i].at))
		}
	}
	slices.Sort(slopes)
	return (slopes[(len(slopes)-1)/2] + slopes[len(slopes)/2]) / 2
}
