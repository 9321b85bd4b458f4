package resolved

import (
	"cmp"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// LeavesEdge says whether the topology has links to and from the cloud.
func (e *Scenario) LeavesEdge() bool {
	for _, id := range e.Topology.Links() {
		if e.Topology.LeavesEdge(id) {
			return true
		}
	}
	return false
}

// EdgeTraffic is what plans carry over the links to and from the cloud, altogether, and what a job does on average:
// of the jobs for which the plans stand by their weights.
func (e *Scenario) EdgeTraffic(plans []*plan.Plan) (sum plan.EdgeTraffic, job plan.EdgeMean) {
	type way struct{ from, to topology.ID }
	trees, known := map[topology.ID]*topology.Tree{}, map[way][2]int64{}
	crossings := func(s *plan.Step) (out, in int64) {
		w := way{s.From, s.To}
		if n, is := known[w]; is {
			return n[0], n[1]
		}
		tree, is := trees[s.To]
		if !is {
			tree = e.Topology.TreeTo(s.To)
			trees[s.To] = tree
		}
		hops, _ := tree.Hops(nil, s.From)
		for _, h := range hops {
			if !e.Topology.LeavesEdge(h.Link) {
				continue
			}
			if e.Topology.Outwards(h.Channel) {
				out++
			} else {
				in++
			}
		}
		known[w] = [2]int64{out, in}
		return out, in
	}
	jobs := Jobs(plans)
	for _, p := range plans {
		one := p.EdgeTraffic(crossings)
		sum, job = sum.Plus(one), job.Plus(one.Mean(jobs), cmp.Or(p.Weight, 1))
	}
	return sum, job
}

// Jobs is for how many jobs plans stand: those of a sample by their weights, others each for its own.
func Jobs(plans []*plan.Plan) (jobs float64) {
	for _, p := range plans {
		jobs += cmp.Or(p.Weight, 1)
	}
	return jobs
}

// JobsPerHour is how often a job arrives by the workload's own times, all of them together, in 1/h; 0: they tell
// nothing.
func (e *Scenario) JobsPerHour() float64 {
	var first, last time.Duration
	for i := range e.Jobs {
		at := e.Jobs[i].Arrival
		if i == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	if span := (last - first).Hours(); span > 0 && len(e.Jobs) > 1 {
		return float64(len(e.Jobs)-1) / span
	}
	return 0
}
