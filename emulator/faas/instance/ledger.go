package instance

import "slices"

// Ledger is the rules of Limits: who is served by which instance, who waits, what starts and what ends. Instances are
// numbered from 0 in the order of their starts. Instants are of any clock that does not go back, in the unit of
// Limits.KeepAlive. It is not safe for concurrent use, and takes O(instances) for each thing that happens.
type Ledger[R comparable] struct {
	limits    Limits
	instances []*entry // that start or are ready, in the order of their numbers
	started   int      // numbers given
	starting  int
	uses      int64 // counts grants and releases: which was used last
	queue     []asked[R]
}

// entry is an instance.
type entry struct {
	id     int
	begun  int64 // of its start
	idle   int64 // once it is ready: since when, where busy is 0
	used   int64 // Ledger.uses at its last use
	busy   int
	ready  bool
	served bool // a request, at least
}

type asked[R comparable] struct {
	request R
	at      int64
}

// Grant is a request that has got a slot. Its wait is Waited + Started.
type Grant[R comparable] struct {
	Request  R
	Instance int
	Waited   int64 // in the queue, but for Started
	Started  int64 // how long it waited for the start of this instance; 0: that was warm
}

// Actions are what follows from something that happens.
type Actions[R comparable] struct {
	Grants []Grant[R] // in the order in which they were asked for
	Starts []int      // instances to be started
	Stops  []int      // instances to be ended, which nobody uses
	Failed []R        // requests that are told that their start has failed
}

// NewLedger begins with no instance; Fill starts those of Min.
func NewLedger[R comparable](l Limits) *Ledger[R] { return &Ledger[R]{limits: l} }

// Fill starts what is missing of Min.
func (l *Ledger[R]) Fill(now int64) (a Actions[R]) {
	l.fill(now, &a)
	return a
}

// Ask is a request that comes. It is false where the queue is full: then the request has changed nothing.
func (l *Ledger[R]) Ask(now int64, request R) (a Actions[R], admitted bool) {
	l.expire(now, &a)
	l.fill(now, &a)
	if e := l.free(); e != nil {
		l.grant(e, asked[R]{request, now}, &a, 0, 0)
		return a, true
	}
	if len(l.queue) >= l.limits.queue() {
		return a, false
	}
	l.queue = append(l.queue, asked[R]{request, now})
	l.scale(now, &a)
	return a, true
}

// Withdraw takes a request out of the queue. It is false where it does not wait.
func (l *Ledger[R]) Withdraw(request R) bool {
	i := slices.IndexFunc(l.queue, func(q asked[R]) bool { return q.request == request })
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	return true
}

// Ready is an instance that has started.
func (l *Ledger[R]) Ready(now int64, id int) (a Actions[R]) {
	e := l.find(id)
	if e == nil || e.ready {
		return a
	}
	l.starting--
	e.ready, e.idle = true, now
	l.use(e)
	l.serve(e, now, now-e.begun, &a)
	l.expire(now, &a)
	return a
}

// Failed is an instance whose start has failed. It fails as many requests as the instance had slots, those that have
// waited longest; for the others, one more starts. For Min alone none does until the next request: what does not start
// would be started without end.
func (l *Ledger[R]) Failed(now int64, id int) (a Actions[R]) {
	if e := l.find(id); e == nil || e.ready {
		return a
	}
	l.starting--
	l.drop(id)
	n := min(len(l.queue), l.limits.Concurrency)
	for _, q := range l.queue[:n] {
		a.Failed = append(a.Failed, q.request)
	}
	l.queue = slices.Delete(l.queue, 0, n)
	l.scale(now, &a)
	return a
}

// Release is a request that has ended, in an instance.
func (l *Ledger[R]) Release(now int64, id int) (a Actions[R]) {
	e := l.find(id)
	if e == nil || e.busy == 0 { // it is gone
		return a
	}
	e.busy--
	l.use(e)
	if e.busy == 0 {
		e.idle = now
	}
	l.serve(e, now, 0, &a)
	l.expire(now, &a)
	return a
}

// Gone is a ready instance that has ended by itself. It is replaced where it is needed, for those who wait or for Min;
// for Min alone not where it had served nobody: what ends at once would be started without end.
func (l *Ledger[R]) Gone(now int64, id int) (a Actions[R]) {
	e := l.find(id)
	if e == nil || !e.ready {
		return a
	}
	l.drop(id)
	l.scale(now, &a)
	if e.served {
		l.fill(now, &a)
	}
	return a
}

// Expire ends those that have been idle for KeepAlive.
func (l *Ledger[R]) Expire(now int64) (a Actions[R]) {
	l.expire(now, &a)
	return a
}

// Expiry is when Expire has something to end, if nothing happens before.
func (l *Ledger[R]) Expiry() (at int64, known bool) {
	if e := l.longestIdle(); e != nil {
		return e.idle + l.limits.KeepAlive.Nanoseconds(), true
	}
	return 0, false
}

// Count is how many instances start, are ready, and are in use, and how many requests wait.
func (l *Ledger[R]) Count() (starting, ready, busy, waiting int) {
	for _, e := range l.instances {
		if e.busy > 0 {
			busy++
		}
	}
	return l.starting, len(l.instances) - l.starting, busy, len(l.queue)
}
