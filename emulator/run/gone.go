package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"testbed/emulator/orchestrator"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// gone are nodes that have died in the course of the run, and that its chains can do without.
type gone struct {
	mu    sync.Mutex
	names []string
}

func (g *gone) all() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.names)
}

// watchOver is Bed.Watch, but that nodes may die of which no chain needs more than replicas, as long as a majority of
// each state's is left: that is what replicas are for.
func (r *run) watchOver(ctx context.Context) error {
	for {
		err := r.Bed.Watch(ctx, r.gone.all()...)
		var died *orchestrator.DiedError
		if !errors.As(err, &died) {
			return err
		}
		dead := append(r.gone.all(), died.Node)
		if slices.Contains(r.gone.all(), died.Node) || !r.canDoWithout(dead) {
			return err
		}
		r.gone.mu.Lock()
		r.gone.names = dead
		r.gone.mu.Unlock()
		r.phase(fmt.Sprintf("node %s has died; the other replicas go on", died.Node))
	}
}

// canDoWithout says whether the run's chains can be carried out without some nodes, all of which keep replicas.
func (r *run) canDoWithout(names []string) bool {
	dead := map[topology.ID]bool{}
	moved := r.movedNodes()
	for _, name := range names {
		id, known := r.Scenario.Topology.Lookup(name)
		if !known || slices.Contains(moved, id) {
			return false // what is there by now, no plan says
		}
		dead[id] = true
	}
	return allReplicas(slices.Concat(r.plans...), dead)
}

// allReplicas says whether plans can be carried out without some nodes, because all of those keep replicas, and of each
// state a majority is left.
func allReplicas(plans []*plan.Plan, dead map[topology.ID]bool) bool {
	others := maps.Clone(dead)
	for _, p := range plans {
		if needs(p, dead) {
			return false
		}
		for i := range p.Invocations {
			for _, a := range p.Invocations[i].States {
				for _, id := range a.Replicas {
					delete(others, id)
				}
			}
		}
	}
	return len(others) == 0
}

// needs says whether a plan cannot be carried out where some nodes are dead.
func needs(p *plan.Plan, dead map[topology.ID]bool) bool {
	if dead[p.Client] {
		return true
	}
	for i := range p.Invocations {
		inv := &p.Invocations[i]
		if slices.ContainsFunc(inv.Workers(), func(id topology.ID) bool { return dead[id] }) {
			return true
		}
		for _, a := range inv.States {
			keepers := a.Keepers()
			left := slices.DeleteFunc(slices.Clone(keepers), func(id topology.ID) bool { return dead[id] })
			if len(left) < plan.Majority(len(keepers)) {
				return true
			}
		}
	}
	return false
}
