package faas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"testbed/emulator/plan"
)

// residents are an agent's, by their IDs and by the keys of their states, as far as they are placed here.
type residents struct {
	mu    sync.Mutex
	all   map[string]*resident
	byKey map[string]*resident

	budget *budget // the agent's

	calls   atomic.Int64 // that are remembered
	expired int64        // before which instant calls were last forgotten, in ns; 0: never
}

func newResidents(b *budget) *residents {
	return &residents{all: map[string]*resident{}, byKey: map[string]*resident{}, budget: b}
}

// declare enters an instance that is placed here and, where nothing is known of it, is here.
func (r *residents) declare(s Stateful) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.entered(s, true, true)
	return err
}

// entered finds an instance, or makes it. home: it is placed here; here: where nothing is known of it, it is here. The
// caller holds mu.
func (r *residents) entered(s Stateful, home, here bool) (*resident, error) {
	one := r.all[s.ID]
	if one != nil {
		return one, nil
	}
	if len(r.all) >= maxHeld {
		return nil, fmt.Errorf("%d instances are known here: %w", maxHeld, errFull)
	}
	one = &resident{
		Stateful: s, home: home, here: here, changed: make(chan struct{}),
		keys: map[string]bool{}, calls: callBook{map[string]*onceCall{}, &r.calls, r.budget},
	}
	r.all[s.ID] = one
	return one, nil
}

// errNoInstance is HTTP's 404.
var errNoInstance = fmt.Errorf("the instance is not known here: %w", errMissing)

func (r *residents) find(id string) (*resident, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.all[id]; one != nil {
		return one, nil
	}
	return nil, fmt.Errorf("instance %s: %w", id, errNoInstance)
}

// note enters the key of a state of an instance that is placed here, for calls say no more of it.
func (r *residents) note(key string, one *resident) {
	if one.home {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.byKey[key] = one
	}
}

// of is the instance that a call is for; nil: it is for none.
func (r *residents) of(c *call) (*resident, error) {
	if c.seat.ID != "" {
		return r.find(c.seat.ID)
	}
	at := slices.IndexFunc(c.states, func(s callState) bool { return s.location == plan.Local })
	if at < 0 {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byKey[c.stateKey(at)], nil
}

// list are all of them, in order.
func (r *residents) list() []*resident {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*resident, 0, len(r.all))
	for _, one := range r.all {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *resident) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// drop forgets states whose keys have the prefix, what is known of calls of their chains, and instances whose IDs have
// it.
func (r *residents) drop(prefix string) {
	for _, one := range r.list() {
		one.drop(prefix)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.byKey {
		if strings.HasPrefix(key, prefix) {
			delete(r.byKey, key)
		}
	}
	for id, one := range r.all {
		if strings.HasPrefix(id, prefix) {
			one.end()
			delete(r.all, id)
		}
	}
}

// drop forgets what an instance has of chains whose keys have the prefix, and ends their calls. It returns the keys
// that its states have in the store.
func (r *resident) drop(prefix string) (stored []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.keys {
		if strings.HasPrefix(key, prefix) {
			delete(r.keys, key)
			stored = append(stored, key+r.suffix())
		}
	}
	r.calls.drop(prefix)
	return stored
}

// dropOf is drop, of one instance; with a prefix of its ID, it is forgotten.
func (r *residents) dropOf(one *resident, prefix string) (stored []string) {
	stored = one.drop(prefix)
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, of := range r.byKey {
		if of == one && strings.HasPrefix(key, prefix) {
			delete(r.byKey, key)
		}
	}
	if strings.HasPrefix(one.ID, prefix) && r.all[one.ID] == one {
		one.end()
		delete(r.all, one.ID)
	}
	return stored
}

var errDropped = errors.New("its chain was forgotten")

// end sends away what waits for the instance.
func (r *resident) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.here, r.prepared = false, false
	r.arriving.release()
	r.arriving = nil
	r.calls.clear()
	r.announcements = nil
	r.signal()
}
