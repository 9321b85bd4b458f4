package run

import (
	"context"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// edge counts what a model's chains carry over the links to and from the cloud, from now until end is called; nil:
// there are no such links.
func (r *run) edge(ctx context.Context, model string) (end func()) {
	if !r.Scenario.LeavesEdge() {
		return func() {}
	}
	var plans []*plan.Plan
	for i, m := range r.Scenario.Models {
		if string(m) == model {
			plans = r.plans[i]
		}
	}
	before, err := r.crossed(ctx)
	return func() {
		e := Edge(r.Scenario, model, plans)
		after, failed := r.crossed(ctx)
		switch {
		case err != nil:
			e.Error = err.Error()
		case failed != nil:
			e.Error = failed.Error()
		default:
			since := after.Less(before)
			e.Measured = &since
		}
		r.manifest.Edge = append(r.manifest.Edge, e)
	}
}

// countAttempts says of each model how many attempts the links' counters are of.
func (r *run) countAttempts() {
	for i := range r.manifest.Edge {
		e := &r.manifest.Edge[i]
		for _, m := range r.outcome.Summary.Models {
			if m.Model == e.Model {
				e.Attempts = m.Done + m.Failed + m.Lost + m.Repeated
			}
		}
	}
}

// Edge is what a model's plans carry over the links to and from the cloud, with the scenario's prices.
func Edge(of *resolved.Scenario, model string, plans []*plan.Plan) record.Edge {
	e := record.Edge{Model: model, Chains: len(plans), JobsPerHour: of.JobsPerHour()}
	var job plan.EdgeMean
	e.Planned, job = of.EdgeTraffic(plans)
	if jobs := resolved.Jobs(plans); jobs != float64(len(plans)) {
		e.Jobs, e.Job = jobs, &job
	}
	if c := of.Source.Cost; c != nil {
		e.Prices = &record.Prices{Egress: c.Egress, Ingress: c.Ingress, Requests: c.Requests}
	}
	return e
}

// crossed is what the links to and from the cloud have carried until now.
func (r *run) crossed(ctx context.Context) (sum record.EdgeCount, err error) {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	queues, err := fabric.Counters(asking, r.Bed)
	if err != nil {
		return sum, err
	}
	t := r.Scenario.Topology
	for i := range queues {
		q := &queues[i]
		link, known := t.Lookup(q.Link)
		if !known || !t.LeavesEdge(link) {
			continue
		}
		if t.Outwards(topology.Channel{Link: link, Dir: q.Dir}) {
			sum.Out, sum.PacketsOut = sum.Out+int64(q.Bytes), sum.PacketsOut+int64(q.Packets)
		} else {
			sum.In, sum.PacketsIn = sum.In+int64(q.Bytes), sum.PacketsIn+int64(q.Packets)
		}
	}
	return sum, nil
}
