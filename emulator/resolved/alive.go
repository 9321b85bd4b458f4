package resolved

import (
	"math"
	"slices"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// alive is how many chains of a model may be under way at the same time. In open loops, where nothing but the
// chains' own duration bounds it, that is an estimate: each lasts twice as long as it would alone.
func (e *Scenario) alive(plans []*plan.Plan) int {
	jobs := make([]int, len(plans))
	for i, p := range plans {
		jobs[i] = p.Index
	}
	return e.Arrival.Alive(jobs, func(due []float64) int { return e.overlapping(plans, due) })
}

// arrival is the arrival process that the scenario asks for.
func (e *Scenario) arrival() (replay.Arrival, error) {
	a := &e.Source.Replay.Arrival
	process, err := replay.Processes.Find(e.Source.Catalogue(), a.Kind)
	if err != nil {
		return nil, err
	}
	s := replay.Settings{Options: a.Options, Kept: e.Source.Workload.Written(), Occupied: replay.Occupation(e.Topology)}
	for i := range e.Jobs {
		s.Times = append(s.Times, e.Jobs[i].Arrival)
	}
	if a.Seed != nil {
		s.Seed = *a.Seed
	}
	return process.New(s), nil
}

// overlapping is the largest number of chains at one time where each begins at its due time, in s.
func (e *Scenario) overlapping(plans []*plan.Plan, due []float64) int {
	type change struct {
		at    float64
		delta int
	}
	changes := make([]change, 0, 2*len(plans))
	alone := e.aloneTimes()
	for i, p := range plans {
		// A tenth of a second before their time chains are prepared, and afterwards their states are checked.
		changes = append(changes, change{due[i] - 0.1, 1}, change{due[i] + 0.1 + 2*alone(p), -1})
	}
	slices.SortFunc(changes, func(a, b change) int {
		if a.at != b.at {
			if a.at < b.at {
				return -1
			}
			return 1
		}
		return b.delta - a.delta
	})
	now, most := 0, 0
	for _, c := range changes {
		now += c.delta
		most = max(most, now)
	}
	return most
}

// aloneTimes returns a function that estimates how long a chain takes alone on the network, in s: its
// executions, and every transfer at the rate of its slowest link.
func (e *Scenario) aloneTimes() func(*plan.Plan) float64 {
	type way struct{ from, to topology.ID }
	trees, known := map[topology.ID]*topology.Tree{}, map[way][2]float64{}
	path := func(from, to topology.ID) (delay, perByte float64) {
		if found, ok := known[way{from, to}]; ok {
			return found[0], found[1]
		}
		if trees[to] == nil {
			trees[to] = e.Topology.TreeTo(to)
		}
		hops, total := trees[to].Hops(nil, from)
		for _, hop := range hops {
			if rate := e.Topology.Vertices[hop.Link].Shape[hop.Dir].Rate; rate > 0 {
				perByte = math.Max(perByte, 8/float64(rate))
			}
		}
		known[way{from, to}] = [2]float64{2 * total.Seconds(), perByte}
		return 2 * total.Seconds(), perByte
	}
	return func(p *plan.Plan) float64 {
		seconds := 0.0
		for i := range p.Steps {
			s := &p.Steps[i]
			if s.Kind == plan.Compute {
				seconds += s.Takes(e.Speed(s.From), max(s.Load, 1))
			} else if s.From != s.To {
				delay, perByte := path(s.From, s.To)
				seconds += delay + perByte*float64(s.Bytes)
			}
		}
		return math.Min(seconds, max(e.Source.Replay.Timeout, time.Second).Seconds())
	}
}
