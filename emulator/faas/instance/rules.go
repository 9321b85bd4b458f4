package instance

import "slices"

// free is the instance with a free slot that was used last; nil: there is none.
func (l *Ledger[R]) free() *entry {
	var best *entry
	for _, e := range l.instances {
		if e.ready && e.busy < l.limits.Concurrency && (best == nil || e.used > best.used) {
			best = e
		}
	}
	return best
}

// serve gives the free slots of an instance to those who have waited longest. took is, in ns, the start that has just
// ended; 0: none has.
func (l *Ledger[R]) serve(e *entry, now, took int64, a *Actions[R]) {
	for len(l.queue) > 0 && e.busy < l.limits.Concurrency {
		q := l.queue[0]
		l.queue = l.queue[1:]
		waited := now - q.at
		started := min(waited, took)
		l.grant(e, q, a, waited-started, started)
	}
}

func (l *Ledger[R]) grant(e *entry, q asked[R], a *Actions[R], waited, started int64) {
	e.busy++
	e.served = true
	l.use(e)
	a.Grants = append(a.Grants, Grant[R]{Request: q.request, Instance: e.id, Waited: waited, Started: started})
}

func (l *Ledger[R]) use(e *entry) {
	l.uses++
	e.used = l.uses
}

// scale starts instances until those that start have a slot for each request that waits.
func (l *Ledger[R]) scale(now int64, a *Actions[R]) {
	for l.starting*l.limits.Concurrency < len(l.queue) && len(l.instances) < l.limits.Max {
		l.start(now, a)
	}
}

// fill starts what is missing of Min.
func (l *Ledger[R]) fill(now int64, a *Actions[R]) {
	for len(l.instances) < l.limits.Min {
		l.start(now, a)
	}
}

func (l *Ledger[R]) start(now int64, a *Actions[R]) {
	l.instances = append(l.instances, &entry{id: l.started, begun: now})
	a.Starts = append(a.Starts, l.started)
	l.started++
	l.starting++
}

// expire ends what has been idle for KeepAlive, the longest idle first.
func (l *Ledger[R]) expire(now int64, a *Actions[R]) {
	for {
		e := l.longestIdle()
		if e == nil || now-e.idle < l.limits.KeepAlive.Nanoseconds() {
			return
		}
		l.drop(e.id)
		a.Stops = append(a.Stops, e.id)
	}
}

// longestIdle is the instance that ends next; nil: all are in use or among Min.
func (l *Ledger[R]) longestIdle() *entry {
	if len(l.instances)-l.starting <= l.limits.Min {
		return nil
	}
	var longest *entry
	for _, e := range l.instances {
		if e.ready && e.busy == 0 && (longest == nil || e.idle < longest.idle) {
			longest = e
		}
	}
	return longest
}

func (l *Ledger[R]) find(id int) *entry {
	for _, e := range l.instances {
		if e.id == id {
			return e
		}
	}
	return nil
}

func (l *Ledger[R]) drop(id int) {
	l.instances = slices.DeleteFunc(l.instances, func(e *entry) bool { return e.id == id })
}
