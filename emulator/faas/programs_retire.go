package faas

import "slices"

// retire ends the instances of those of the functions that are programs which stateful instances alone use on this
// node, and none does any more. It does not wait for their end. Whatever comes for one later starts it again.
func (a *Agent) retire(functions []string) {
	p := a.installed
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range functions {
		one := p.all[name]
		if one == nil || one.pool == nil || !one.program.Resident || a.residents.use(name) {
			continue
		}
		p.ending.Go(one.pool.Close)
		one.pool = nil
	}
}

// use says whether a stateful instance that is here, or is coming, is of a function.
func (r *residents) use(function string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.all {
		if slices.Contains(one.Functions, function) && one.present() {
			return true
		}
	}
	return false
}

// present says whether it is here, or is coming.
func (r *resident) present() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.here || r.prepared || r.arriving != nil
}
