package faas

import (
	"slices"

	"testbed/emulator/topology"
)

// forgetNow forgets what an instance has of chains whose keys have the prefix, when it is not held any more.
func (a *Agent) forgetNow(one *resident, epoch int64, prefix string) error {
	later := false
	err := one.now(epoch, func() error {
		if later = one.held; later {
			one.later = append(one.later, prefix)
		} else {
			one.running++ // so that nothing of it moves in between
		}
		return nil
	})
	if later {
		return nil
	}
	a.states.forget(a.residents.dropOf(one, prefix))
	if err == nil {
		one.leave()
	}
	return err
}

// wentTo are the nodes to which the instance has gone from here so far: whoever has to reach all that have had it asks
// those as well.
func (r *resident) wentTo() []topology.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.gone)
}

// epochNow is the epoch that the instance has here.
func (r *resident) epochNow() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch
}

// owned are the keys of the instance's states, without the suffix, in order.
func (r *resident) owned() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]string, 0, len(r.keys))
	for key := range r.keys {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}

// stored are the keys of the instance's states as the store has them.
func (r *resident) stored() []string {
	all := r.owned()
	for i := range all {
		all[i] += r.suffix()
	}
	return all
}

// forget drops states by their keys.
func (s *store) forget(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if e := s.entries[key]; e != nil {
			e.retire(s.pools)
			delete(s.entries, key)
		}
	}
}
