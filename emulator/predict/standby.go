package predict

import (
	"slices"
	"sync"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Standby knows how long an instance of a program takes to start on the node to which a stateful instance moves. It is
// warm where such instances are that use it: with the last that leaves the node it ends, unless others use it there.
// Several may ask at once.
type Standby struct {
	starts Starts
	placed map[standing]bool // by others: it is always warm
	mu     sync.Mutex
	users  map[standing]int           // stateful instances
	since  map[standing]time.Duration // for how long a start has gone on
}

// Starts is how long starts of programs take, by function; of others they take no time.
type Starts map[string]instance.Distribution

type standing struct {
	function string
	node     topology.ID
}

// NewStandby is for the replay of a model, given all plans that the nodes are prepared for.
func NewStandby(starts Starts, plans []*plan.Plan, model plan.Model) *Standby {
	s := &Standby{starts: starts, placed: map[standing]bool{}, users: map[standing]int{}}
	if len(starts) == 0 {
		return s
	}
	var groups plan.Groups
	for _, p := range plans {
		if p.Model == model {
			groups.AddPlan(p)
		}
	}
	stateful := map[plan.Seat]bool{}
	for _, g := range groups.Stateful(plan.MaxStates) {
		stateful[g.Root] = true
		s.add(g.Functions, g.Root.Node, 1)
	}
	for _, p := range plans {
		for i := range p.Invocations {
			inv := &p.Invocations[i]
			root := groups.Root(plan.Seat{Node: inv.Worker, Client: p.Client, Function: inv.Function})
			if p.Model != model || !stateful[root] {
				s.placed[standing{inv.Function, inv.Worker}] = true
			}
		}
	}
	return s
}

// Standing is what is known of a program on a node, by who has asked there.
type Standing struct {
	Node     topology.ID
	Function string
	Warm     bool
	Since    time.Duration // not warm: for how long an instance has been starting; 0: none is
}

// StandbyOf is what was found out at a moment; what is not among it is not warm.
func StandbyOf(starts Starts, found []Standing) *Standby {
	s := NewStandby(starts, nil, "")
	s.since = map[standing]time.Duration{}
	for _, one := range found {
		at := standing{one.Function, one.Node}
		s.placed[at] = one.Warm
		s.since[at] = one.Since
	}
	return s
}

// Start is how long the instances of all functions take until they are ready on a node that a stateful instance comes
// to: no time where they are warm.
func (s *Standby) Start(functions []string, node topology.ID) instance.Distribution {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last(functions, node)
	s.add(functions, node, 1)
	return last
}

// Expect is how long a Start would take. Of nil, it is no time.
func (s *Standby) Expect(functions []string, node topology.ID) instance.Distribution {
	if s == nil {
		return instance.Distribution{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last(functions, node)
}

// Leave says that a stateful instance has left a node, or does not come in the end.
func (s *Standby) Leave(functions []string, node topology.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(functions, node, -1)
}

func (s *Standby) last(functions []string, node topology.ID) instance.Distribution {
	var all []instance.Pending
	for _, f := range each(functions) {
		at := standing{f, node}
		if took, starts := s.starts[f]; starts && !s.placed[at] && s.users[at] == 0 {
			all = append(all, instance.Pending{Of: took, Since: s.since[at]})
		}
	}
	return instance.Last(all)
}

// add adds users of functions.
func (s *Standby) add(functions []string, node topology.ID, users int) {
	for _, f := range each(functions) {
		s.users[standing{f, node}] += users
	}
}

// each gives functions once, which are in order and may be named by several clients.
func each(functions []string) []string { return slices.Compact(slices.Clone(functions)) }
