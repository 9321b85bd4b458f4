package study

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/printable"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

// mostTraffic: under the policy load every call crosses the network, and in-client's carry the states as well.
func mostTraffic(r *campaign.Results) (is decision, numbers string) {
	return overOthers(r, placement.Load, plan.InClient, []plan.Model{plan.External, plan.InEdge, plan.InFunction})
}

// rise is the traffic of a model at the largest load over that at the smallest.
func rise(r *campaign.Results, p placement.Policy, m plan.Model) figures.Point {
	return ratio(r, trafficOf, cell{slices.Max(r.Spec.Jobs), p, m}, cell{slices.Min(r.Spec.Jobs), p, m})
}

func risesSlightly(r *campaign.Results) (is decision, numbers string) {
	var texts []string
	for _, policy := range []placement.Policy{placement.Load, placement.LoadNet} {
		var of []string
		for _, m := range plan.Study {
			p := rise(r, policy, m)
			is.and(above(p, 1))
			is.and(atMost(p, slightly))
			of = append(of, fmt.Sprintf("%s %s", m, show(p)))
		}
		texts = append(texts, fmt.Sprintf("%s: %s", policy, strings.Join(of, ", ")))
	}
	return is, fmt.Sprintf("%d over %s under %s", slices.Max(r.Spec.Jobs), printable.Count(slices.Min(r.Spec.Jobs), "job"),
		strings.Join(texts, "; under "))
}

// othersSimilar: of the models that are not the worst under load+net, the largest traffic is near the smallest.
func othersSimilar(r *campaign.Results) (is decision, numbers string) {
	var texts []string
	for _, jobs := range r.Spec.Jobs {
		least := cell{jobs, placement.LoadNet, plan.InFunction}
		p := ratio(r, trafficOf, cell{jobs, placement.LoadNet, plan.InClient}, least)
		q := ratio(r, trafficOf, cell{jobs, placement.LoadNet, plan.External}, least)
		is.and(atMost(p, similar))
		is.and(atMost(q, similar))
		texts = append(texts, fmt.Sprintf("at %s in-client %.3f, external %.3f", printable.Count(jobs, "job"), p.Y, q.Y))
	}
	return is, "over in-function " + strings.Join(texts, ", ")
}

// toTheCentre: the bytes of in-function's traffic are those of the calls, which do not depend on the load; what rises
// is the number of links between clients and functions.
func toTheCentre(r *campaign.Results) (is decision, numbers string) {
	p := rise(r, placement.LoadNet, plan.InFunction)
	is.and(atLeast(p, farther))
	largest := slices.Max(r.Spec.Jobs)
	of := func(p placement.Policy) cell { return cell{largest, p, plan.InFunction} }
	far := ratio(r, trafficOf, of(placement.Load), of(placement.LoadNet))
	return is, fmt.Sprintf("calls cross %s times as many links at %d jobs as at %d, and under the policy load %s times "+
		"as many as that", show(p), largest, slices.Min(r.Spec.Jobs), show(far))
}

func growsWithLength(r *campaign.Results) (is decision, numbers string) {
	jobs, policy := r.Ranked()
	var texts []string
	for _, m := range plan.Study {
		p := figures.Mean(0, r.Slopes(jobs, policy, m))
		is.and(above(p, 0))
		lengths, up := r.Lengths(jobs, policy, m), 0
		for i := 1; i < len(lengths); i++ {
			if lengths[i].Pooled > lengths[i-1].Pooled {
				up++
			}
		}
		texts = append(texts, fmt.Sprintf("%s %.1f ms (%.1f to %.1f), up in %d of %s to the next length",
			m, p.Y*1e3, p.Low*1e3, p.High*1e3, up, printable.Count(max(len(lengths)-1, 0), "step")))
	}
	return is, "per invocation: " + strings.Join(texts, ", ")
}
