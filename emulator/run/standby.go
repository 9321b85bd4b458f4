package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/faas/function"
	"testbed/emulator/faas/instance"
	"testbed/emulator/predict"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// trialStarts is how often a program is started to find out how long that takes.
const trialStarts = 5

// startable is a control of an agent that can be told of programs.
type startable interface {
	Programs(ctx context.Context, programs []function.Program) error
}

// startSink is a sink that takes how long starts took.
type startSink interface {
	Started(function string, took []time.Duration)
}

// starts measures how long an instance of each program takes to be ready whose stateful instances may move or, where a
// sink takes that, of each that is always warm, on a node that it is placed on; nil: there are none, or nothing is
// planned to move.
func (r *run) starts(ctx context.Context, p *replay.Programs) (predict.Starts, error) {
	var sinks []startSink
	for _, s := range r.Sinks {
		if takes, is := s.(startSink); is {
			sinks = append(sinks, takes)
		}
	}
	if p == nil || len(r.Scenario.Moves) == 0 && r.setting.Rebalance == nil && len(sinks) == 0 {
		return nil, nil
	}
	all := predict.Starts{}
	for name, node := range r.standing(p, len(sinks) > 0) {
		r.phase("measuring the start of function " + name)
		took, err := r.start(ctx, node, *p.Of(name))
		if err != nil {
			return nil, fmt.Errorf("measuring the start of function %s: %w", name, err)
		}
		if len(took) == 0 {
			continue
		}
		for _, s := range sinks {
			s.Started(name, took)
		}
		all[name] = distributed(took)
	}
	return all, nil
}

// distributed is the distribution of some starts, ascending, of which there are too few for a 95th percentile: the
// longest stands for it.
func distributed(took []time.Duration) instance.Distribution {
	return instance.Distribution{
		Median: min(took[len(took)/2], instance.MostStart), P95: min(took[len(took)-1], instance.MostStart),
	}
}

// standing are the programs that move, or all, which do not start and end as calls say, each with a node that it is
// placed on.
func (r *run) standing(p *replay.Programs, unmoved bool) map[string]topology.ID {
	all := map[string]topology.ID{}
	for _, plans := range r.plans {
		for _, one := range plans {
			for i := range one.Invocations {
				inv := &one.Invocations[i]
				moves := r.Scenario.Movable(one.Model) && len(inv.States) > 0
				if (moves || unmoved) && inv.Instances == nil && p.Of(inv.Function) != nil {
					all[inv.Function] = inv.Worker
				}
			}
		}
	}
	return all
}

// start is how long some starts take, ascending, of which none is left; nil: the agent cannot say.
func (r *run) start(ctx context.Context, node topology.ID, one function.Program) ([]time.Duration, error) {
	agent := r.Bed.Agent(node)
	defer agent.Close()
	able, is := agent.(startable)
	if !is {
		return nil, nil
	}
	var took []time.Duration
	for range trialStarts {
		began := time.Now()
		if err := able.Programs(ctx, []function.Program{one}); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
		if err := able.Programs(ctx, nil); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

// knowing is a control of an agent that knows what there is of programs.
type knowing interface {
	Standing(ctx context.Context) ([]faas.Standing, error)
}

// standby is where functions' programs are warm at present: nodes' agents say so, for the run is not alone in moving
// what uses them. Of an agent that does not answer nothing is warm; nil: none has to start.
func (r *run) standby(ctx context.Context, agents *agents, functions []string, nodes ...topology.ID) *predict.Standby {
	if !slices.ContainsFunc(functions, func(name string) bool { _, starts := r.setting.Starts[name]; return starts }) {
		return nil
	}
	var found []predict.Standing
	for _, node := range nodes {
		able, is := agents.get(node).(knowing)
		if !is {
			continue
		}
		all, err := able.Standing(ctx)
		if err != nil {
			continue
		}
		for _, one := range all {
			found = append(found, predict.Standing{
				Node: node, Function: one.Function, Warm: one.Ready || one.Scaled, Since: max(0, one.Starting),
			})
		}
	}
	return predict.StandbyOf(r.setting.Starts, found)
}
