package userspace

import (
	"errors"
	"slices"
	"time"
)

// quietTime is how long the network has to stay unchanged before paths are computed that no packet has needed yet.
const quietTime = 50 * time.Millisecond

// alter puts a state in force at once and then reconciles the stations: if bare, only where interfaces are to take
// packets of another size. Where the network that runs is of
// another structure, so that more than its state differs, it says so and does nothing.
func (s *server) alter(want *state, bare bool) (differs bool, absent []string, err error) {
	if s.engine == nil || want == nil || s.table == nil || want.Structure != s.table.structure {
		return true, nil, nil
	}
	now := *want
	now.Run = s.clock.instant(now.Run)
	next, routed, err := s.table.withState(now)
	if err != nil {
		return false, nil, err
	}
	resized := s.unsized ||
		!slices.EqualFunc(s.table.shapes, next.shapes, func(a, b shape) bool { return a.mtu == b.mtu })
	s.engine.do(func() { s.engine.core.install(next, s.engine.clock.now()) })
	s.table = next
	if routed {
		s.computeTreesLater(next)
	}
	if bare && !resized {
		return false, nil, nil
	}
	opened, absent, err := s.reconcile(next)
	s.unsized = err != nil
	if len(opened) > 0 {
		s.engine.do(func() { err = errors.Join(err, s.attach(opened)) })
	}
	if bare {
		absent = nil // who asked to look at nothing else need not hear of it
	}
	return false, absent, err
}

// computeTreesLater computes the shortest paths when the network has not changed for a while. Until then the
// engine computes those that packets need.
func (s *server) computeTreesLater(t *table) {
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(quietTime, func() {
		trees := t.computeTreesAside()
		s.engine.do(func() { t.adoptTrees(trees) })
	})
}
