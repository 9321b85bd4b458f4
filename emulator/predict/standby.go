package predict

import (
	"slices"
	"sync"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Standby knows how long an instance of a program takes to start on the node to which a stateful instance moves. It is
// warm where such instances are that use it: with the last that leaves the node it ends, unless others use it there.
// Several may ask at once.
type Standby struct {
	starts map[string]time.Duration
	placed map[standing]bool // by others: it is always warm
	mu     sync.Mutex
	users  map[standing]int // stateful instances
}

type standing struct {
	function string
	node     topology.ID
}

// NewStandby is for the replay of a model, given the starts by function, of which others take no time, and all plans
// that the nodes are prepared for.
func NewStandby(starts map[string]time.Duration, plans []*plan.Plan, model plan.Model) *Standby {
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

// Start is how long the instances of all functions take until they are ready on a node that a stateful instance comes
// to: 0 where they are warm.
func (s *Standby) Start(functions []string, node topology.ID) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := s.longest(functions, node)
	s.add(functions, node, 1)
	return longest
}

// Expect is how long a Start would take. Of nil, it is no time.
func (s *Standby) Expect(functions []string, node topology.ID) time.Duration {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.longest(functions, node)
}

// Leave says that a stateful instance has left a node, or does not come in the end.
func (s *Standby) Leave(functions []string, node topology.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(functions, node, -1)
}

func (s *Standby) longest(functions []string, node topology.ID) (longest time.Duration) {
	for _, f := range functions {
		if at := (standing{f, node}); !s.placed[at] && s.users[at] == 0 {
			longest = max(longest, s.starts[f])
		}
	}
	return longest
}

// add adds users of functions, which are in order and may be named by several clients.
func (s *Standby) add(functions []string, node topology.ID, users int) {
	for _, f := range slices.Compact(slices.Clone(functions)) {
		s.users[standing{f, node}] += users
	}
}
