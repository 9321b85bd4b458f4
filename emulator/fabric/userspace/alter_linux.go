package userspace

import "time"

// settled is how long the network stays unchanged before paths are computed that nobody has needed yet.
const settled = 50 * time.Millisecond

// alter puts a state in force. It says that the network differs in more than that, and does nothing, where
// it is of another structure, or a station's namespace or device is another one.
func (s *server) alter(want *state) (differs bool, err error) {
	if s.engine == nil || want == nil || s.table == nil || want.Structure != s.table.structure || !s.atHome() {
		return true, nil
	}
	next, routed, err := s.table.with(*want)
	if err != nil {
		return false, err
	}
	s.engine.do(func() {
		for _, p := range next.ports {
			if p.fd < 0 {
				differs = true
				return
			}
		}
		s.engine.core.install(next, s.engine.clock.now())
	})
	if differs {
		return true, nil
	}
	s.table = next
	if routed {
		s.growLater(next)
	}
	return false, nil
}

// atHome says whether every station's namespace is still the one that its device was made in.
func (s *server) atHome() bool {
	for i, st := range s.table.network.Stations {
		home, err := identity(st.NetNS)
		if err != nil || home != s.homes[s.table.ports[i].name] {
			return false
		}
	}
	return true
}

// growLater computes the shortest paths when the network has not changed for a while. Until then the
// engine computes those that packets need.
func (s *server) growLater(t *table) {
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(settled, func() {
		trees := t.grow()
		s.engine.do(func() { t.plant(trees) })
	})
}
