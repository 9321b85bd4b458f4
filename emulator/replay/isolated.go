package replay

import (
	"context"
	"fmt"
	"time"

	"testbed/emulator/plan"
)

// Isolated begins a chain as soon as it shares nothing with those under way: no queue, no processor and no client. Each
// is as if it were alone, and many are under way at a time. They begin in the workload's order, but for those that have
// to wait for what another occupies.
type Isolated struct {
	Most     int                         // chains under way at a time; below 1: 1
	Occupied func(*plan.Plan) []Resource // what a chain occupies; nil: all there is
	held     [][]Resource                // by chain; see Of
}

// patience is how many chains that come later may begin before one that waits; from then on what it needs is kept
// for it.
const patience = 32

func (a Isolated) String() string { return fmt.Sprintf("isolated, at most %d at a time", a.most()) }

func (a Isolated) most() int { return max(a.Most, 1) }

// Connections implements Arrival.
func (Isolated) Connections() int { return 1 }

// Alone implements Arrival: nothing is shared.
func (Isolated) Alone() bool { return true }

// Alive is at most the number allowed: what else they share is not looked at.
func (a Isolated) Alive(jobs []int, _ func([]float64) int) int { return min(a.most(), len(jobs)) }

// Of implements Planned.
func (a Isolated) Of(plans []*plan.Plan) Arrival {
	a.held = nil
	if a.Occupied != nil {
		for _, p := range plans {
			a.held = append(a.held, a.Occupied(p))
		}
	}
	return a
}

// Drive implements Arrival. Chains of which Of has not said what they occupy begin one after the other.
func (a Isolated) Drive(ctx context.Context, jobs []int, start func(context.Context, int, time.Time)) {
	most := a.most()
	if len(a.held) != len(jobs) {
		most = 1
	}
	s := newIsolation(a.held, len(jobs))
	ended := make(chan int)
	for {
		for s.alive < most && ctx.Err() == nil {
			i, ok := s.next()
			if !ok {
				break
			}
			go func() {
				start(ctx, i, time.Time{})
				ended <- i
			}()
		}
		if s.alive == 0 {
			return
		}
		s.end(<-ended)
	}
}

// isolation is which chains are under way, and which resources they occupy.
type isolation struct {
	held    [][]Resource
	waiting []int // chains, in their order
	passed  []int // by chain: how many that come later have begun before it
	busy    map[Resource]bool
	alive   int
}

func newIsolation(held [][]Resource, chains int) *isolation {
	s := &isolation{held: held, waiting: make([]int, chains), passed: make([]int, chains), busy: map[Resource]bool{}}
	for i := range s.waiting {
		s.waiting[i] = i
	}
	return s
}

// next begins the first chain in the order of which all resources are free, and not kept for one that has waited long;
// there is always one where none is under way and some wait.
func (s *isolation) next() (chain int, ok bool) {
	kept := map[Resource]bool{}
	for at, i := range s.waiting {
		if s.free(i, kept) {
			for _, before := range s.waiting[:at] {
				s.passed[before]++
			}
			s.waiting = append(s.waiting[:at], s.waiting[at+1:]...)
			s.occupy(i, true)
			s.alive++
			return i, true
		}
		if s.passed[i] >= patience {
			for _, r := range s.held[i] {
				kept[r] = true
			}
		}
	}
	return 0, false
}

// end gives free what a chain has occupied.
func (s *isolation) end(chain int) {
	s.occupy(chain, false)
	s.alive--
}

func (s *isolation) resources(chain int) []Resource {
	if chain < len(s.held) {
		return s.held[chain]
	}
	return nil
}

func (s *isolation) free(chain int, kept map[Resource]bool) bool {
	for _, r := range s.resources(chain) {
		if s.busy[r] || kept[r] {
			return false
		}
	}
	return true
}

func (s *isolation) occupy(chain int, busy bool) {
	for _, r := range s.resources(chain) {
		s.busy[r] = busy
	}
}
