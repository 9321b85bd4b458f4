package predict

import (
	"sync"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Standby knows how long an instance of a program takes to start on the node to which a stateful instance moves. Where
// the function is placed as well, or one has gone to before, there is one that is warm. Several may use it at once.
type Standby struct {
	starts map[string]time.Duration
	mu     sync.Mutex
	warm   map[standing]bool
}

type standing struct {
	function string
	node     topology.ID
}

// NewStandby is for the plans, given the starts by function; those of others take no time.
func NewStandby(starts map[string]time.Duration, plans []*plan.Plan) *Standby {
	s := &Standby{starts: starts, warm: map[standing]bool{}}
	if len(starts) == 0 {
		return s
	}
	for _, p := range plans {
		for i := range p.Invocations {
			inv := &p.Invocations[i]
			s.warm[standing{inv.Function, inv.Worker}] = true
		}
	}
	return s
}

// Start is how long the instances of all functions take until they are ready on a node, where they are warm afterwards.
func (s *Standby) Start(functions []string, node topology.ID) (longest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range functions {
		if at := (standing{f, node}); s.starts[f] > 0 && !s.warm[at] {
			s.warm[at] = true
			longest = max(longest, s.starts[f])
		}
	}
	return longest
}
