package study

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/campaign"
	"testbed/emulator/compare"
	"testbed/emulator/internal/printable"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

func muchHigherLatency(r *campaign.Results) (is decision, numbers string) {
	jobs, policy := r.Ranked()
	var texts []string
	for _, high := range []plan.Model{plan.External, plan.InEdge} {
		for _, low := range []plan.Model{plan.InFunction, plan.InClient} {
			p := ratio(r, total, cell{jobs, policy, high}, cell{jobs, policy, low})
			is.and(atLeast(p, muchHigher))
			texts = append(texts, fmt.Sprintf("%s/%s %s", high, low, show(p)))
		}
	}
	return is, strings.Join(texts, ", ")
}

func slightlyBetter(r *campaign.Results) (is decision, numbers string) {
	jobs, policy := r.Ranked()
	p := ratio(r, total, cell{jobs, policy, plan.InClient}, cell{jobs, policy, plan.InFunction})
	client := mean(r.Samples(jobs, policy, plan.InClient, total))
	function := mean(r.Samples(jobs, policy, plan.InFunction, total))
	is.and(above(p, 1))
	is.and(atMost(p, slightly))
	return is, fmt.Sprintf("in-client/in-function %s: %s and %s", show(p), milliseconds(client), milliseconds(function))
}

func farLessTraffic(r *campaign.Results) (is decision, numbers string) {
	var texts []string
	for _, model := range plan.Study {
		lowest, highest := 0.0, 0.0
		for i, jobs := range r.Spec.Jobs {
			p := ratio(r, trafficOf, cell{jobs, placement.LoadNet, model}, cell{jobs, placement.Load, model})
			is.and(atMost(p, farBelow))
			if i == 0 || p.Y < lowest {
				lowest = p.Y
			}
			highest = max(highest, p.Y)
		}
		texts = append(texts, fmt.Sprintf("%s %.3f to %.3f", model, lowest, highest))
	}
	return is, "load+net/load over the loads: " + strings.Join(texts, ", ")
}

func worstTraffic(r *campaign.Results) (is decision, numbers string) {
	return overOthers(r, placement.LoadNet, plan.InEdge, []plan.Model{plan.External, plan.InFunction, plan.InClient})
}

// overOthers says whether a model has more traffic than each of the others, at every load.
func overOthers(
	r *campaign.Results, policy placement.Policy, model plan.Model, others []plan.Model,
) (is decision, numbers string) {
	var texts []string
	largest := slices.Max(r.Spec.Jobs)
	for _, jobs := range r.Spec.Jobs {
		for _, other := range others {
			p := ratio(r, trafficOf, cell{jobs, policy, model}, cell{jobs, policy, other})
			is.and(above(p, 1))
			if jobs == largest {
				texts = append(texts, fmt.Sprintf("%s %s", other, show(p)))
			}
		}
	}
	return is, fmt.Sprintf("%s over the others at %s: %s", model, printable.Count(largest, "job"),
		strings.Join(texts, ", "))
}

// departure is how in-client differs from in-function for chains of one length.
type departure struct {
	length     int
	share      float64       // of all chains, that are shorter or as long
	difference figures.Point // s, over the replications
	relative   float64       // to in-function
	function   float64       // mean of in-function, s
}

// departures are those of all lengths, ascending, and the mean difference of all chains. Both models have
// the same chains, so that replications are pairs.
func departures(r *campaign.Results) (all []departure, average float64) {
	jobs, policy := r.Ranked()
	client, function := r.Lengths(jobs, policy, plan.InClient), r.Lengths(jobs, policy, plan.InFunction)
	chains := 0.0
	for i, f := range function {
		differences := make([]float64, min(len(f.Means), len(client[i].Means)))
		for k := range differences {
			differences[k] = client[i].Means[k] - f.Means[k]
		}
		d := figures.Mean(float64(f.Length), differences)
		chains += f.Weight
		average += d.Y * f.Weight
		all = append(all, departure{f.Length, chains, d, d.Y / f.Network.Y, f.Network.Y})
	}
	for i := range all {
		all[i].share /= chains
	}
	return all, average / max(chains, 1)
}

// onlyLongest says whether some lengths depart, all of them among the longest, and which do on average.
func onlyLongest(all []departure, departs func(departure) (is compare.Decision, onAverage bool)) (decision, []string) {
	var which []string
	among := map[bool]map[compare.Decision]int{true: {}, false: {}} // the longest, and the others
	for i, d := range all {
		is, onAverage := departs(d)
		if onAverage {
			which = append(which, fmt.Sprint(d.length))
		}
		among[i > 0 && all[i-1].share >= longest][is]++
	}
	out, long, others := decision{compare.Undecided, len(all)}, among[true], among[false]
	switch {
	case others[compare.Yes] > 0 || long[compare.Yes]+long[compare.Undecided] == 0:
		out.verdict = compare.No
	case long[compare.Yes] > 0 && others[compare.Undecided] == 0:
		out.verdict = compare.Yes
	}
	return out, which
}

func departsInSeconds(r *campaign.Results) (is decision, numbers string) {
	all, average := departures(r)
	bound := departs * average
	is, which := onlyLongest(all, func(d departure) (compare.Decision, bool) {
		return above(d.difference, bound), d.difference.Y > bound
	})
	first, last := all[0], all[len(all)-1]
	return is, fmt.Sprintf("mean difference %s, %s for length %d and %s for length %d; departs on average for lengths "+
		"%s; %.0f %% of the chains are no longer than %d",
		milliseconds(average), milliseconds(first.difference.Y), first.length, milliseconds(last.difference.Y), last.length,
		list(which), longest*100, limit(all))
}

func departsAsShare(r *campaign.Results) (is decision, numbers string) {
	all, _ := departures(r)
	is, which := onlyLongest(all, func(d departure) (compare.Decision, bool) {
		return above(d.difference, departsBy*d.function), d.relative > departsBy
	})
	least, most := all[0], all[0]
	for _, d := range all {
		if d.relative < least.relative {
			least = d
		}
		if d.relative > most.relative {
			most = d
		}
	}
	return is, fmt.Sprintf(
		"%.0f %% for length %d, at least %.0f %% (%d), at most %.0f %% (%d); departs on average for %d of %s",
		all[0].relative*100, all[0].length, least.relative*100, least.length, most.relative*100, most.length,
		len(which), printable.Count(len(all), "length"))
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
