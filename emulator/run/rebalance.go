package run

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/internal/sleep"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/predict/migration"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// rebalance is the scenario's policy that moves instances; nil: it has none, or no model in which it could. Emulation
// and prediction ask the same one, which knows the testbed as it is before calibration, so that both decide alike.
func rebalance(e *resolved.Scenario, s predict.Setting) *predict.Rebalance {
	of := e.Source.Placement.Rebalance
	model := slices.IndexFunc(e.Models, e.Movable)
	if of == nil || model < 0 {
		return nil
	}
	p := &migration.Policy{
		Candidates: e.Refuges, Horizon: of.Horizon, Megabyte: of.Megabyte, Small: faas.SmallRest,
	}
	if of.Method == faas.PreCopy {
		p.Rounds = of.Rounds
	}
	prepare := sync.OnceValue(func() (err error) {
		if p.Engine, err = alone(e, s); err == nil {
			p.Plans, err = e.Chains(e.Models[model])
		}
		return err
	})
	return &predict.Rebalance{
		Every: of.Every, Rounds: p.Rounds, Small: p.Small,
		Decide: func(at time.Duration, all []predict.Seen, starts *predict.Standby) ([]predict.Decision, error) {
			if err := prepare(); err != nil {
				return nil, err
			}
			return p.Decide(at, all, starts)
		},
	}
}

// rebalance asks the policy now and then during the replay of a model in which instances can move, and moves those that
// it names.
func (r *run) rebalance(ctx context.Context, model string) (end func()) {
	policy := r.setting.Rebalance
	if policy == nil || !r.Scenario.Movable(plan.Model(model)) {
		return func() {}
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	start := time.Now()
	running.Go(func() {
		agents := agents{of: r.Bed.Agent, all: map[topology.ID]Agent{}}
		defer agents.close()
		for at := policy.Every; sleep.Until(ctx, start.Add(at)); at += policy.Every {
			if err := r.balance(ctx, model, at, start, &agents); err != nil && ctx.Err() == nil {
				r.happened(record.Event{Model: model, What: []string{"instances are looked at"}, Scheduled: at.Seconds(),
					Error: err.Error()})
			}
		}
	})
	return func() {
		stop()
		running.Wait()
	}
}

// balance asks the policy once.
func (r *run) balance(ctx context.Context, model string, at time.Duration, start time.Time, agents *agents) error {
	found, seen, err := r.seen(ctx, model, agents)
	if err != nil {
		return err
	}
	var functions []string
	for i := range seen {
		functions = append(functions, seen[i].Functions...)
	}
	decisions, err := r.setting.Rebalance.Decide(at, seen, r.standby(ctx, agents, functions, r.movedNodes()...))
	for _, d := range decisions {
		if ctx.Err() != nil {
			break
		}
		r.happened(r.carryOut(ctx, model, &d, &found[d.Index], at, start, agents))
	}
	return err
}

// carryOut moves an instance that the policy has named.
func (r *run) carryOut(ctx context.Context, model string, d *predict.Decision, one *faas.Stateful, at time.Duration,
	start time.Time, agents *agents,
) record.Event {
	began := time.Since(start)
	of := r.Scenario.Source.Placement.Rebalance
	client, _ := r.name(one.Client)
	to, _ := r.name(d.To)
	e := record.Event{Model: model, Scheduled: at.Seconds(),
		What: []string{fmt.Sprintf("function %s of %s moves to %s, %s: %s", one.Functions[0], client, to, of.Method, d.Why)}}
	done, err := r.moveOne(ctx, model, &resolved.Move{To: d.To, Method: of.Method, Rounds: of.Rounds}, one, agents)
	if err == nil {
		done.Decided = &record.Decided{Why: d.Why, Gain: d.Gain, Cost: d.Cost}
		err = r.moved(&e, done)
	}
	end(ctx, &e, err, began, time.Since(start))
	return e
}

// seen asks where the model's instances are and what they have had to do.
func (r *run) seen(ctx context.Context, model string, agents *agents) (found []faas.Stateful, all []predict.Seen,
	err error,
) {
	for _, node := range r.homes(model) {
		known, err := r.known(ctx, model, node, agents)
		if err != nil {
			return nil, nil, err
		}
		for i := range known {
			if known[i].Origin == node {
				found = append(found, known[i].Stateful)
			}
		}
	}
	slices.SortFunc(found, func(a, b faas.Stateful) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Client, b.Client),
			cmp.Compare(a.Functions[0], b.Functions[0]))
	})
	for i := range found {
		one := &found[i]
		at, s, err := faas.Locate(ctx, agents.get, one)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, predict.Seen{Placed: one.Origin, Client: one.Client, Functions: one.Functions, At: at,
			Bytes: s.Bytes, States: s.States, Rate: s.Rate, Drain: s.Drain})
	}
	return found, all, nil
}

// homes are the nodes that a model's functions with states are placed on, in order.
func (r *run) homes(model string) []topology.ID {
	var all []topology.ID
	for _, plans := range r.plans {
		for _, p := range plans {
			for i := range p.Invocations {
				if inv := &p.Invocations[i]; string(p.Model) == model && len(inv.States) > 0 {
					all = append(all, inv.Worker)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
