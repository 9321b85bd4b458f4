package migration

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// Policy decides when a stateful instance is worth moving: when what its invocations are predicted to save within the
// horizon, at the rate that was measured, exceeds what the move costs. Both are in seconds of waiting.
type Policy struct {
	Engine predict.Engine // of invocations and of moves, whose plans begin with connections that none has used
	Plans  []*plan.Plan   // those of the model in which instances have their states
	// Candidates are the nodes that an instance that is placed on one may be on at a time, in order.
	Candidates func(placed topology.ID, at time.Duration) []topology.ID

	Horizon  time.Duration
	Megabyte time.Duration // of waiting, a moved megabyte
	Rounds   int           // of pre-copy; 0: stop-and-copy
	Small    int64         // bytes that are not worth another round

	mu      sync.Mutex
	latency map[invoked]float64
}

// invoked is a function where it may be executed.
type invoked struct {
	plan.Seat
	at topology.ID
}

// Decide is a predict.Rebalance's. Of each instance the place of the largest net gain counts, the first of several.
func (p *Policy) Decide(at time.Duration, all []predict.Seen, starts *predict.Standby) (
	decisions []predict.Decision, err error,
) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latency == nil {
		p.latency = map[invoked]float64{}
	}
	for i := range all {
		best, err := p.best(at, &all[i], starts)
		if err != nil {
			return nil, err
		}
		if best != nil {
			best.Index = i
			decisions = append(decisions, *best)
		}
	}
	return decisions, nil
}

// best is the move of an instance that is worth most; nil: none is worth it.
func (p *Policy) best(at time.Duration, s *predict.Seen, starts *predict.Standby) (best *predict.Decision, err error) {
	if s.Rate <= 0 {
		return nil, nil
	}
	candidates := p.Candidates(s.Placed, at)
	if !slices.Contains(candidates, s.At) {
		candidates = append(slices.Clone(candidates), s.At)
	}
	here, err := p.takes(s, s.At)
	if err != nil {
		return nil, err
	}
	for _, to := range candidates {
		there, err := p.takes(s, to)
		if err != nil {
			return nil, err
		}
		gain := s.Rate * p.Horizon.Seconds() * (here - there)
		if to == s.At || gain <= 0 {
			continue
		}
		start := starts.Expect(s.Functions, to)
		unavailable, cost, err := p.cost(s, to, start)
		if err != nil {
			return nil, err
		}
		if gain > cost && (best == nil || gain-cost > best.Gain-best.Cost) {
			best = &predict.Decision{To: to, Gain: gain, Cost: cost, Why: fmt.Sprintf(
				"%.3g invocations/s would take %.3g instead of %.3g ms, and within %v save %.3g s of waiting; moving costs "+
					"%.3g s, of %.3g ms in which none is served and %d bytes",
				s.Rate, 1e3*there, 1e3*here, p.Horizon, gain, cost, 1e3*unavailable, s.Bytes) + started(start.Median)}
		}
	}
	return best, nil
}

// started says what of a move is a program's start; empty: nothing is.
func started(start time.Duration) string {
	if start == 0 {
		return ""
	}
	return fmt.Sprintf("; its program takes %.3g ms to start there", 1e3*start.Seconds())
}

// cost is what a move makes wait: those who come while the instance cannot be served, half of that time in the mean,
// and what its bytes are charged. Where the instance's program is not warm, its start is waited for as well.
func (p *Policy) cost(s *predict.Seen, to topology.ID, start instance.Distribution) (
	unavailable, cost float64, err error,
) {
	in := Instance{Bytes: s.Bytes, States: s.States, Rate: s.Rate, Drain: s.Drain, Start: start}
	move, err := Predict(p.Engine, in, Move{From: s.At, To: to, Rounds: p.Rounds, Small: p.Small})
	unavailable = move.Unavailable
	return unavailable, s.Rate*unavailable*unavailable/2 + move.Bytes/1e6*p.Megabyte.Seconds(), err
}

// takes is how long an instance's invocations take where it is at a node: the mean of its functions', each alone.
func (p *Policy) takes(s *predict.Seen, at topology.ID) (float64, error) {
	sum := 0.0
	for _, function := range s.Functions {
		key := invoked{plan.Seat{Node: s.Placed, Client: s.Client, Function: function}, at}
		took, known := p.latency[key]
		if !known {
			var err error
			if took, err = p.predict(&key); err != nil {
				return 0, err
			}
			p.latency[key] = took
		}
		sum += took
	}
	return sum / float64(max(1, len(s.Functions))), nil
}

// predict predicts a function's invocation of medium size.
func (p *Policy) predict(key *invoked) (float64, error) {
	var argument, result, ops, number int64
	load := 1
	for _, of := range p.Plans {
		if of.Client != key.Client {
			continue
		}
		for i := range of.Invocations {
			if inv := &of.Invocations[i]; inv.Worker == key.Node && inv.Function == key.Function {
				argument, result, ops, number = argument+inv.Argument, result+inv.Result, ops+inv.Ops, number+1
				load = inv.Load
			}
		}
	}
	if number == 0 {
		return 0, nil
	}
	all, err := p.Engine.Predict([]*plan.Plan{{Job: "rebalance", Client: key.Client, Steps: []plan.Step{
		{Role: plan.Request, From: key.Client, To: key.at, Bytes: argument / number, State: -1},
		{Kind: plan.Compute, Role: plan.Execute, From: key.at, To: key.at, Ops: ops / number, Load: load, State: -1, Pair: 1,
			After: []int{0}},
		{Role: plan.Response, From: key.at, To: key.Client, Bytes: result / number, State: -1, After: []int{1}},
	}, Invocations: []plan.Invocation{{
		Function: key.Function, Caller: key.Client, Worker: key.at, Argument: argument / number, Result: result / number,
		Ops: ops / number, Load: load, Steps: []int{0, 1, 2},
	}}}})
	if err != nil {
		return 0, err
	}
	return all[0].Total, nil
}
