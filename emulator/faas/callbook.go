package faas

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// maxRemembered is how many invocations one agent remembers, of all instances: those of chains under way.
const maxRemembered = 1 << 17

// callBook has the invocations of an instance that are remembered, by chain and task. The resident's mu guards it.
type callBook struct {
	all    map[string]*onceCall
	count  *atomic.Int64 // of all of the agent's
	budget *budget       // of which programs' results take
}

// add enters a call, in the place of one of that key. It fails with errFull.
func (b *callBook) add(key string, one *onceCall) error {
	if before, known := b.all[key]; known {
		b.give(before)
	} else {
		if b.count.Add(1) > maxRemembered {
			b.count.Add(-1)
			return fmt.Errorf("%d invocations are remembered: %w", maxRemembered, errFull)
		}
	}
	b.all[key] = one
	return nil
}

func (b *callBook) remove(key string) {
	if one, known := b.all[key]; known {
		delete(b.all, key)
		b.count.Add(-1)
		b.give(one)
	}
}

// give gives back what a call's result has of the budget.
func (b *callBook) give(one *onceCall) {
	if one.kept > 0 {
		b.budget.giveBack(one.kept)
		one.kept = 0
	}
}

func (b *callBook) clear() {
	for key := range b.all {
		b.remove(key)
	}
}

// leave forgets what goes and comes with the instance: all but the calls of programs, which stay where they were
// executed until their chain is forgotten.
func (b *callBook) leave() {
	for key, one := range b.all {
		if !one.program {
			b.remove(key)
		}
	}
}

// drop forgets the calls of chains whose keys have the prefix, and ends them.
func (b *callBook) drop(prefix string) {
	for key, one := range b.all {
		if strings.HasPrefix(key, prefix) {
			one.cancel(errDropped)
			b.remove(key)
		}
	}
}

// expire forgets the calls that have ended before an instant, in ns.
func (r *resident) expire(before int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, one := range r.calls.all {
		if one.at != 0 && one.at < before {
			r.calls.remove(key)
		}
	}
}

// expirePause is how long, in ns, no calls are looked for again that could be forgotten.
const expirePause = 1_000_000_000

// expire forgets, of all instances, the calls that have ended before an instant, in ns: their chains have ended as
// well. It looks for them once a second at most.
func (r *residents) expire(before int64) {
	r.mu.Lock()
	due := r.expired == 0 || before-r.expired >= expirePause
	if due {
		r.expired = before
	}
	r.mu.Unlock()
	if !due {
		return
	}
	for _, one := range r.list() {
		one.expire(before)
	}
}
