package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Agent implements Bed.
func (b *bed) Agent(id topology.ID) Agent {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open++
	return &agent{bed: b, id: id}
}

type agent struct {
	*bed
	id   topology.ID
	once sync.Once
}

func (a *agent) Close() {
	a.once.Do(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.open--
	})
}

func (a *agent) Spells(_ context.Context, since uint64, _ int) (health.Report, error) {
	var all []health.Spell
	if a.spells != nil {
		all = a.spells(a.id)
	}
	return a.report(all, since), nil
}

func (a *agent) Warm(ctx context.Context, _ []faas.WarmSpec) error { return ctx.Err() }

func (a *agent) Seed(_ context.Context, key string, _ int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.versions[a.id] == nil {
		a.versions[a.id] = map[string]int64{}
	}
	a.versions[a.id][key] = 0
	return nil
}

func (a *agent) Check(_ context.Context, key string) (faas.StateVersion, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, ok := a.versions[a.id][key]
	if !ok {
		return faas.StateVersion{}, faas.ErrNoState
	}
	return faas.StateVersion{Version: v, Bytes: a.bytesOf(key), Intact: true}, nil
}

// bytesOf is the size of a state, which the key names as run/model/chain/state; 0 of one that is no job's.
func (a *agent) bytesOf(key string) int64 {
	parts := strings.Split(key, "/")
	if parts[1] == "beside" {
		return 0
	}
	var chain, state int
	_, _ = fmt.Sscan(parts[2]+" "+parts[3], &chain, &state)
	return a.e.Jobs[chain].States[state]
}

func (a *agent) Clean(_ context.Context, prefix string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.versions[a.id], func(key string, _ int64) bool { return strings.HasPrefix(key, prefix) })
	return nil
}

func (a *agent) Install(context.Context, *faas.Part) error { return nil }

func (a *agent) Progress(context.Context, *faas.ChainSpec, bool) (*faas.Progress, error) {
	return &faas.Progress{}, nil
}

func (a *agent) Abandon(context.Context, string, string) error { return nil }

// Run takes the time of a step for each of the chain's steps, and changes its states.
func (a *agent) Run(ctx context.Context, spec *faas.ChainSpec) (*faas.ChainResult, error) {
	r := &faas.ChainResult{Key: spec.Key, Job: spec.Job, Model: spec.Model, Start: int64(time.Since(a.epoch))}
	before := func() error {
		if spec.Job == "empty" {
			if a.empty != nil {
				return a.empty()
			}
		} else if a.run != nil {
			return a.run(ctx, spec, r)
		}
		return nil
	}
	if err := before(); err != nil {
		return nil, err
	}
	for i := range spec.Invocations {
		inv := &spec.Invocations[i]
		for _, index := range inv.Steps {
			begin := int64(time.Since(a.epoch))
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(a.step):
			}
			end := int64(time.Since(a.epoch))
			r.Steps = append(r.Steps, faas.StepResult{
				Index: index, Role: a.role(spec, inv, index), Start: begin, End: end,
			})
		}
		a.touch(spec, inv)
	}
	r.End = int64(time.Since(a.epoch))
	return r, nil
}

func (b *bed) touch(spec *faas.ChainSpec, inv *faas.InvocationSpec) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range inv.States {
		b.versions[s.Node][fmt.Sprintf("%s/%d", spec.Key, s.State)]++
	}
}

// role is a step's in the plan that the chain is of, or in a call of the empty function.
func (b *bed) role(spec *faas.ChainSpec, inv *faas.InvocationSpec, index int) plan.Role {
	if spec.Job == "empty" {
		return []plan.Role{plan.Request, plan.Execute, plan.Response}[slices.Index(inv.Steps, index)]
	}
	plans, err := b.e.Chains(spec.Model)
	if err != nil {
		panic(err)
	}
	for _, p := range plans {
		if p.Job == spec.Job {
			return p.Steps[index].Role
		}
	}
	panic("no plan of job " + spec.Job)
}
