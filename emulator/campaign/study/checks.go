package study

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/campaign"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
)

func muchHigherLatency(r *campaign.Results) (holds bool, numbers string) {
	jobs, policy := r.Ranked()
	holds = true
	var texts []string
	for _, high := range []plan.Model{plan.External, plan.InEdge} {
		for _, low := range []plan.Model{plan.InFunction, plan.InClient} {
			p := ratio(r, total, cell{jobs, policy, high}, cell{jobs, policy, low})
			holds = holds && p.Low >= muchHigher
			texts = append(texts, fmt.Sprintf("%s/%s %s", high, low, show(p)))
		}
	}
	return holds, strings.Join(texts, ", ")
}

func slightlyBetter(r *campaign.Results) (holds bool, numbers string) {
	jobs, policy := r.Ranked()
	p := ratio(r, total, cell{jobs, policy, plan.InClient}, cell{jobs, policy, plan.InFunction})
	client := mean(r.Samples(jobs, policy, plan.InClient, total))
	function := mean(r.Samples(jobs, policy, plan.InFunction, total))
	return p.Low > 1 && p.High <= slightly,
		fmt.Sprintf("in-client/in-function %s: %s and %s", show(p), milliseconds(client), milliseconds(function))
}

func farLessTraffic(r *campaign.Results) (holds bool, numbers string) {
	holds = true
	var texts []string
	for _, model := range plan.Study {
		lowest, highest := 0.0, 0.0
		for i, jobs := range r.Spec.Jobs {
			p := ratio(r, trafficOf, cell{jobs, placement.LoadNet, model}, cell{jobs, placement.Load, model})
			holds = holds && p.High <= farBelow
			if i == 0 || p.Y < lowest {
				lowest = p.Y
			}
			highest = max(highest, p.Y)
		}
		texts = append(texts, fmt.Sprintf("%s %.3f to %.3f", model, lowest, highest))
	}
	return holds, "load+net/load over the loads: " + strings.Join(texts, ", ")
}

func worstTraffic(r *campaign.Results) (holds bool, numbers string) {
	holds = true
	var texts []string
	for _, jobs := range r.Spec.Jobs {
		for _, other := range []plan.Model{plan.External, plan.InFunction, plan.InClient} {
			p := ratio(r, trafficOf, cell{jobs, placement.LoadNet, plan.InEdge}, cell{jobs, placement.LoadNet, other})
			holds = holds && p.Low > 1
			if jobs == slices.Max(r.Spec.Jobs) {
				texts = append(texts, fmt.Sprintf("%s %s", other, show(p)))
			}
		}
	}
	return holds, fmt.Sprintf("in-edge over the others at %d jobs: %s", slices.Max(r.Spec.Jobs), strings.Join(texts, ", "))
}

// departure is how in-client differs from in-function for chains of one length.
type departure struct {
	length     int
	share      float64 // of all chains, that are shorter or as long
	difference float64 // s
	relative   float64 // to in-function
}

// departures are those of all lengths, ascending, and the mean difference of all chains. Both models have
// the same chains.
func departures(r *campaign.Results) (all []departure, average float64) {
	jobs, policy := r.Ranked()
	client, function := r.Lengths(jobs, policy, plan.InClient), r.Lengths(jobs, policy, plan.InFunction)
	chains := 0
	for i, f := range function {
		difference := client[i].Network.Y - f.Network.Y
		chains += f.Chains
		average += difference * float64(f.Chains)
		all = append(all, departure{f.Length, float64(chains), difference, difference / f.Network.Y})
	}
	for i := range all {
		all[i].share /= float64(chains)
	}
	return all, average / float64(max(chains, 1))
}

// onlyLongest says whether some lengths depart, and none of those that are not among the longest.
func onlyLongest(all []departure, departs func(departure) bool) (holds bool, which []string) {
	holds = true
	for i, d := range all {
		if !departs(d) {
			continue
		}
		which = append(which, fmt.Sprint(d.length))
		holds = holds && i > 0 && all[i-1].share >= longest
	}
	return holds && len(which) > 0, which
}

func departsInSeconds(r *campaign.Results) (holds bool, numbers string) {
	all, average := departures(r)
	holds, which := onlyLongest(all, func(d departure) bool { return d.difference > departs*average })
	first, last := all[0], all[len(all)-1]
	return holds, fmt.Sprintf("mean difference %s, %s for length %d and %s for length %d; departs for lengths %s; "+
		"%.0f %% of the chains are no longer than %d",
		milliseconds(average), milliseconds(first.difference), first.length, milliseconds(last.difference), last.length,
		list(which), longest*100, limit(all))
}

func departsAsShare(r *campaign.Results) (holds bool, numbers string) {
	all, _ := departures(r)
	holds, which := onlyLongest(all, func(d departure) bool { return d.relative > departsBy })
	least, most := all[0], all[0]
	for _, d := range all {
		if d.relative < least.relative {
			least = d
		}
		if d.relative > most.relative {
			most = d
		}
	}
	return holds, fmt.Sprintf(
		"%.0f %% for length %d, at least %.0f %% (%d), at most %.0f %% (%d); departs for %d of %d lengths",
		all[0].relative*100, all[0].length, least.relative*100, least.length, most.relative*100, most.length,
		len(which), len(all))
}

// limit is the smallest length that the longest chains exceed.
func limit(all []departure) int {
	for _, d := range all {
		if d.share >= longest {
			return d.length
		}
	}
	return 0
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
