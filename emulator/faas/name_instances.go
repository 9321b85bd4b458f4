package faas

import (
	"cmp"
	"fmt"
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// seatOf is a function as one client has it executed at one node.
type seatOf struct {
	node, client topology.ID
	function     string
}

// NameInstances finds the stateful instances of chains that are carried out together, and says in their specifications
// which invocations are whose. Functions of a client that use one state at one node are one instance. IDs begin with
// prefix and are the same for the same chains. Where workers call each other there are none, nor of functions whose
// states are not all the worker's own, nor of programs, of which the agent could not say what they have done.
func NameInstances(prefix string, specs []*ChainSpec) []Stateful {
	g := groups{of: map[seatOf]seatOf{}, users: map[string]seatOf{}, stateful: map[seatOf]bool{}, unfit: map[seatOf]bool{}}
	for _, s := range specs {
		if !s.Chained() {
			g.add(s)
		}
	}
	named := g.named(prefix)
	var all []Stateful
	for _, s := range specs {
		for i := range s.Invocations {
			inv := &s.Invocations[i]
			one := named[g.root(seatOf{inv.Node, s.Client, inv.Function})]
			if s.Chained() || one == nil {
				continue
			}
			inv.Stateful = one.ID
			if !slices.ContainsFunc(s.Stateful, func(o Stateful) bool { return o.ID == one.ID }) {
				s.Stateful = append(s.Stateful, *one)
			}
		}
	}
	for _, one := range named {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Stateful) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// groups are functions put together by the states that they share.
type groups struct {
	of       map[seatOf]seatOf // union-find: to another one of its group
	users    map[string]seatOf // by node and key of a state: one that uses it
	stateful map[seatOf]bool   // it has a state
	unfit    map[seatOf]bool   // it has one that could not move
}

func (g *groups) root(of seatOf) seatOf {
	for {
		next, known := g.of[of]
		if !known || next == of {
			return of
		}
		of = next
	}
}

func (g *groups) add(s *ChainSpec) {
	for i := range s.Invocations {
		inv := &s.Invocations[i]
		me := seatOf{inv.Node, s.Client, inv.Function}
		if _, known := g.of[me]; !known {
			g.of[me] = me
		}
		for _, a := range inv.States {
			if a.Location != plan.Local || inv.Program {
				g.unfit[me] = true
				continue
			}
			g.stateful[me] = true
			key := fmt.Sprintf("%d %s", inv.Node, s.stateKey(a.State))
			if other, used := g.users[key]; used {
				g.join(me, other)
			} else {
				g.users[key] = me
			}
		}
	}
}

// join makes two groups one, whose root is the first by name.
func (g *groups) join(a, b seatOf) {
	a, b = g.root(a), g.root(b)
	if b.function < a.function {
		a, b = b, a
	}
	g.of[b] = a
}

// named are the instances, by their groups' roots.
func (g *groups) named(prefix string) map[seatOf]*Stateful {
	members := map[seatOf][]string{}
	fit := map[seatOf]bool{}
	unfit := map[seatOf]bool{}
	for one := range g.of {
		root := g.root(one)
		members[root] = append(members[root], one.function)
		fit[root] = fit[root] || g.stateful[one]
		unfit[root] = unfit[root] || g.unfit[one]
	}
	roots := make([]seatOf, 0, len(members))
	for root := range members {
		if fit[root] && !unfit[root] && len(members[root]) <= maxStates {
			roots = append(roots, root)
		}
	}
	slices.SortFunc(roots, func(a, b seatOf) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.client, b.client), cmp.Compare(a.function, b.function))
	})
	named := map[seatOf]*Stateful{}
	for i, root := range roots {
		slices.Sort(members[root])
		named[root] = &Stateful{
			ID:     fmt.Sprintf("%sinstance/%d-%d-%d", prefix, root.node, root.client, i),
			Origin: root.node, Client: root.client, Functions: members[root],
		}
	}
	return named
}
