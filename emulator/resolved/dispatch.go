package resolved

import (
	"fmt"

	"testbed/emulator/dispatch"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// dispatcher is what picks workers, as the scenario says.
func (e *Scenario) dispatcher() (dispatch.Choice, error) {
	d := &e.Source.Placement.Dispatch
	rule, err := dispatch.Rules.Find(e.Source.Catalogue(), d.Kind)
	seed := uint64(0)
	if d.Seed != nil {
		seed = *d.Seed
	}
	return rule.Of(d.Options, seed), err
}

// dispatched lets the scenario's dispatcher pick the workers of the plans' invocations, of the hosts that placement
// could have chosen: those that may execute functions and have the kind of processor of the one that it has chosen.
func (e *Scenario) dispatched(plans []*plan.Plan) error {
	choice, err := e.dispatcher()
	if err != nil || choice.Fixed {
		return err
	}
	nodes := e.Source.Executors(e.Topology)
	known := map[placement.Affinity][]topology.ID{}
	for _, p := range plans {
		if e.rules[p.Model].Unbound() != nil {
			continue // all of the model's, also what has no state
		}
		p.Dispatched(choice, e.Source.Seed, func(inv *plan.Invocation) []topology.ID {
			affinity := e.affinity(inv.Worker)
			if _, is := known[affinity]; !is {
				for _, id := range nodes {
					if e.affinity(id) == affinity {
						known[affinity] = append(known[affinity], id)
					}
				}
			}
			return known[affinity]
		})
	}
	return nil
}

// affinity is the kind of processor that a host has, and that the functions need which are placed there.
func (e *Scenario) affinity(id topology.ID) placement.Affinity {
	return placement.AffinityOf(&e.Topology.Vertices[id], "")
}

// notesOfDispatch say which models a dispatcher has no say in.
func (e *Scenario) notesOfDispatch() (notes []string) {
	kind := e.Source.Placement.Dispatch.Kind
	choice, err := e.dispatcher()
	if err != nil || choice.Fixed {
		return nil
	}
	for _, m := range e.Models {
		if err := e.rules[m].Unbound(); err != nil {
			notes = append(notes, fmt.Sprintf("%s runs with dispatch %s, not %s: %v", m, dispatch.Fixed, kind, err))
		}
	}
	return append(notes, "statesim knows no dispatchers: it predicts the placement, as with dispatch "+dispatch.Fixed)
}
