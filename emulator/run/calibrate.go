package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/transport"
	"testbed/emulator/record"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// emptyCalls is how often the empty function is called, within a node and again across the network.
const emptyCalls = 40

// calibrate measures what an empty function costs on this host, between a client and the worker that is
// nearest to it, and returns the predictors' setting with it: the FaaS's time for each invocation,
// and for each message what it takes beside the packets' way.
func (r *run) calibrate(ctx context.Context) (record.Overhead, predict.Setting, error) {
	setting := Setting(r.Scenario)
	client, worker := r.nearest()
	agent := r.Bed.Agent(client)
	defer agent.Close()
	overhead, err := replay.Overhead(ctx, agent, r.Bed.Address(worker), emptyCalls, r.dir.Run()+"/overhead")
	if err != nil {
		return overhead, setting, fmt.Errorf("measuring an empty function: %w", err)
	}
	overhead.Copy, overhead.Between, err = replay.Beside(ctx, agent, client, r.dir.Run()+"/beside")
	if err != nil {
		return overhead, setting, err
	}
	options := transport.OptionsOf(setting)
	options.Connections, options.Arrivals = 0, predict.Arrivals{} // the calls were made on a connection that was there
	alone, err := transport.New(r.Scenario.Topology, r.Scenario.Speed, options)
	if err != nil {
		return overhead, setting, err
	}
	// Links may differ by direction, and what was measured is half of both.
	ways, err := alone.Predict([]*plan.Plan{emptyMessage(client, worker), emptyMessage(worker, client)})
	if err != nil {
		return overhead, setting, err
	}
	setting.Overhead = duration(overhead.Rest)
	overhead.Way = (ways[0].Total + ways[1].Total) / 2
	overhead.Vague = jitter(r.Scenario.Topology, client, worker)
	overhead.Varies = varies(r.Scenario.Topology, client, worker)
	overhead.From, _ = r.name(client)
	overhead.To, _ = r.name(worker)
	rest := overhead.Step - overhead.Way
	if overhead.Varies {
		rest = min(rest, mostMessage)
	}
	setting.PerMessage = duration(rest)
	setting.CopyRate = rate(overhead.Copy)
	if setting.Arrivals.Users > 1 {
		setting.Arrivals.Pause = duration(overhead.Between)
	}
	return overhead, setting, nil
}

func emptyMessage(from, to topology.ID) *plan.Plan {
	return &plan.Plan{Job: "empty", Steps: []plan.Step{{Role: plan.Request, From: from, To: to, State: -1}}}
}

// shapes are what links do to packets on their way from one host to another, and back.
func shapes(t *topology.Topology, from, to topology.ID) iter.Seq[*topology.Shape] {
	return func(yield func(*topology.Shape) bool) {
		for _, ends := range [][2]topology.ID{{from, to}, {to, from}} {
			hops, _ := t.TreeTo(ends[1]).Hops(nil, ends[0])
			for _, h := range hops {
				if !yield(&t.Vertices[h.Link].Shape[h.Dir]) {
					return
				}
			}
		}
	}
}

// varies says whether a link on the way from one host to another, and back, follows a trace, or draws its delays.
func varies(t *topology.Topology, from, to topology.ID) bool {
	if len(t.Traces) == 0 {
		return false
	}
	for s := range shapes(t, from, to) {
		if t.Trace(s) != nil || t.Delays(s) != nil {
			return true
		}
	}
	return false
}

// jitter is by how much packets from one host to another, and back, may be early or late by intent, in s of one way.
func jitter(t *topology.Topology, from, to topology.ID) float64 {
	sum := time.Duration(0)
	for s := range shapes(t, from, to) {
		sum += s.Jitter
	}
	return sum.Seconds() / 2
}

// rate turns seconds a byte into a rate; 0: no time.
func rate(perByte float64) units.BitRate {
	if !(perByte > 1e-15) {
		return 0
	}
	return units.BitRate(8 / perByte)
}

// duration rounds seconds to a time that is not negative.
func duration(seconds float64) time.Duration {
	return max(0, time.Duration(math.Round(seconds*1e9)))
}

// nearest finds a client of the workload and the host with an agent that has the shortest way to it, if there is one
// whose links do not vary by intent.
func (r *run) nearest() (client, worker topology.ID) {
	graph := r.Scenario.Topology
	client = r.Scenario.Placement.Client[0]
	tree := graph.TreeTo(client)
	delays, others := map[topology.ID]time.Duration{}, []topology.ID(nil)
	for _, id := range graph.Hosts() {
		if id != client && r.Scenario.HasAgent(id) && tree.Reaches(id) {
			_, delays[id] = tree.Hops(nil, id)
			others = append(others, id)
		}
	}
	if len(others) == 0 {
		return client, worker
	}
	slices.SortStableFunc(others, func(a, b topology.ID) int { return cmp.Compare(delays[a], delays[b]) })
	for _, id := range others {
		if !varies(graph, client, id) {
			return client, id
		}
	}
	return client, others[0]
}

// predict predicts all plans, in the order in which they are replayed, by every predictor of the catalogue.
func (r *run) predict(setting predict.Setting) ([]predict.Prediction, error) {
	var plans []*plan.Plan
	for _, of := range r.plans {
		plans = append(plans, of...)
	}
	if err := predict.Measured(plans); err != nil {
		r.phase(fmt.Sprintf("nothing is predicted: %v", err))
		return nil, nil
	}
	var all []predict.Prediction
	for _, p := range predict.Predictors.All(r.Scenario.Source.Catalogue()) {
		engine, err := p.Does.New(setting)
		if err != nil {
			return nil, err
		}
		predictions, err := engine.Predict(plans)
		if errors.Is(err, predict.ErrBranches) {
			r.phase(fmt.Sprintf("nothing is predicted by %v", err)) // it begins with the predictor's name
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, predictions...)
	}
	return all, nil
}
