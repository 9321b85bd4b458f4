package plan

import (
	"cmp"
	"fmt"
	"slices"

	"testbed/emulator/topology"
)

// Seat is a function as one client has it executed at one node.
type Seat struct {
	Node, Client topology.ID
	Function     string
}

// Groups put functions together that are one stateful instance: those of a client that use one state at one node. The
// FaaS moves such an instance as a whole, and predictions follow it. The zero value has none.
type Groups struct {
	of       map[Seat]Seat        // union-find: to another one of its group
	users    map[stateAtNode]Seat // one that uses the state there
	stateful map[Seat]bool        // it has a state
	unfit    map[Seat]bool        // it has one that could not move
}

type stateAtNode struct {
	node topology.ID
	key  string
}

// Add notes an invocation of a function: which states it has at its node, by keys that tell all states apart, and
// whether it could not move, for it has others.
func (g *Groups) Add(me Seat, keys []string, unfit bool) {
	if g.of == nil {
		g.of, g.users = map[Seat]Seat{}, map[stateAtNode]Seat{}
		g.stateful, g.unfit = map[Seat]bool{}, map[Seat]bool{}
	}
	if _, known := g.of[me]; !known {
		g.of[me] = me
	}
	g.unfit[me] = g.unfit[me] || unfit
	for _, key := range keys {
		g.stateful[me] = true
		at := stateAtNode{me.Node, key}
		if other, used := g.users[at]; used {
			g.join(me, other)
		} else {
			g.users[at] = me
		}
	}
}

// AddPlan notes all invocations of a plan, unless workers call each other in it.
func (g *Groups) AddPlan(p *Plan) {
	if p.Messages != nil {
		return
	}
	for i := range p.Invocations {
		inv := &p.Invocations[i]
		var keys []string
		unfit := false
		for _, s := range inv.States {
			if s.Location != Local {
				unfit = true
				continue
			}
			key := "/" + p.Outlives(s.State).Name
			if key == "/" {
				key = fmt.Sprintf("%d %d", p.Index, s.State)
			}
			keys = append(keys, key)
		}
		g.Add(Seat{inv.Worker, p.Client, inv.Function}, keys, unfit)
	}
}

// Root is the function that stands for the group of one.
func (g *Groups) Root(of Seat) Seat {
	for {
		next, known := g.of[of]
		if !known || next == of {
			return of
		}
		of = next
	}
}

// join makes two groups one, whose root is the first by name.
func (g *Groups) join(a, b Seat) {
	a, b = g.Root(a), g.Root(b)
	if b.Function < a.Function {
		a, b = b, a
	}
	g.of[b] = a
}

// Group is the functions of a stateful instance.
type Group struct {
	Root      Seat
	Functions []string // in order
}

// Stateful are the groups that have states and can move, of so many functions at most, by node, client and name.
func (g *Groups) Stateful(most int) []Group {
	members := map[Seat][]string{}
	fit, unfit := map[Seat]bool{}, map[Seat]bool{}
	for one := range g.of {
		root := g.Root(one)
		members[root] = append(members[root], one.Function)
		fit[root] = fit[root] || g.stateful[one]
		unfit[root] = unfit[root] || g.unfit[one]
	}
	var all []Group
	for root, functions := range members {
		if fit[root] && !unfit[root] && len(functions) <= most {
			slices.Sort(functions)
			all = append(all, Group{root, functions})
		}
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Root.Node, b.Root.Node), cmp.Compare(a.Root.Client, b.Root.Client),
			cmp.Compare(a.Root.Function, b.Root.Function))
	})
	return all
}
