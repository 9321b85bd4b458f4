package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/faas/function"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// trialStarts is how often a program is started to find out how long that takes: the median counts.
const trialStarts = 3

// startable is a control of an agent that can be told of programs.
type startable interface {
	Programs(ctx context.Context, programs []function.Program) error
}

// starts measures how long an instance of each program takes to be ready whose stateful instances may move, on a node
// that it is placed on; nil: there are none, or nothing is planned to move.
func (r *run) starts(ctx context.Context, p *replay.Programs) (map[string]time.Duration, error) {
	if p == nil || len(r.Scenario.Moves) == 0 && r.setting.Rebalance == nil {
		return nil, nil
	}
	all := map[string]time.Duration{}
	for name, node := range r.standing(p) {
		r.phase("measuring the start of function " + name)
		took, err := r.start(ctx, node, *p.Of(name))
		if err != nil {
			return nil, fmt.Errorf("measuring the start of function %s: %w", name, err)
		}
		all[name] = took
	}
	return all, nil
}

// standing are the programs that move and do not start and end as calls say, each with a node that it is placed on.
func (r *run) standing(p *replay.Programs) map[string]topology.ID {
	all := map[string]topology.ID{}
	for _, plans := range r.plans {
		for _, one := range plans {
			for i := range one.Invocations {
				inv := &one.Invocations[i]
				if r.Scenario.Movable(one.Model) && len(inv.States) > 0 && inv.Instances == nil && p.Of(inv.Function) != nil {
					all[inv.Function] = inv.Worker
				}
			}
		}
	}
	return all
}

// start is the median time of some starts, of which none is left.
func (r *run) start(ctx context.Context, node topology.ID, one function.Program) (time.Duration, error) {
	agent := r.Bed.Agent(node)
	defer agent.Close()
	able, is := agent.(startable)
	if !is {
		return 0, nil
	}
	var took []time.Duration
	for range trialStarts {
		began := time.Now()
		if err := able.Programs(ctx, []function.Program{one}); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
		if err := able.Programs(ctx, nil); err != nil {
			return 0, err
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
