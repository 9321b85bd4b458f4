package faas

import (
	"cmp"
	"fmt"
	"slices"

	"testbed/emulator/plan"
)

// NameInstances finds the stateful instances of chains that are carried out together, and says in their specifications
// which invocations are whose. Functions of a client that use one state at one node are one instance. IDs begin with
// prefix and are the same for the same chains. Where workers call each other there are none, nor of functions whose
// states are not all the worker's own.
func NameInstances(prefix string, specs []*ChainSpec) []Stateful {
	var g plan.Groups
	for _, s := range specs {
		if !s.Chained() {
			group(&g, s)
		}
	}
	found := g.Stateful(maxStates)
	named, all := map[plan.Seat]*Stateful{}, make([]Stateful, 0, len(found))
	for i, one := range found {
		all = append(all, Stateful{
			ID:     fmt.Sprintf("%sinstance/%d-%d-%d", prefix, one.Root.Node, one.Root.Client, i),
			Origin: one.Root.Node, Client: one.Root.Client, Functions: one.Functions,
		})
		named[one.Root] = &all[i]
	}
	for _, s := range specs {
		for i := range s.Invocations {
			inv := &s.Invocations[i]
			one := named[g.Root(plan.Seat{Node: inv.Node, Client: s.Client, Function: inv.Function})]
			if s.Chained() || one == nil {
				continue
			}
			inv.Stateful = one.ID
			if !slices.ContainsFunc(s.Stateful, func(o Stateful) bool { return o.ID == one.ID }) {
				s.Stateful = append(s.Stateful, *one)
			}
		}
	}
	slices.SortFunc(all, func(a, b Stateful) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// group adds a chain's invocations.
func group(g *plan.Groups, s *ChainSpec) {
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		var keys []string
		unfit := false
		for _, a := range inv.States {
			if a.Location != plan.Local {
				unfit = true
				continue
			}
			keys = append(keys, s.stateKey(a.State))
		}
		g.Add(plan.Seat{Node: inv.Node, Client: s.Client, Function: inv.Function}, keys, unfit)
	}
}
