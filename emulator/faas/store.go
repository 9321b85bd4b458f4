package faas

import (
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Errors of a store; those of remote stores are told apart by HTTP's 404 and 409.
var (
	errMissing  = errors.New("there is no such state")
	errConflict = errors.New("the state has another version than the one that was read")
	errCorrupt  = errors.New("the state's content does not fit its checksum")
)

// store holds states: a repository's, a worker's own, and a client's copies.
type store struct {
	pools   *pools
	mu      sync.RWMutex
	entries map[string]*entry
}

type entry struct {
	mu      sync.Mutex
	content *blob
	version int64
	sum     uint32

	promised string // of a state with replicas: the ballot below which nothing is accepted
}

// value is a state as it was at one moment. Its holder releases the content.
type value struct {
	content *blob
	version int64
	sum     uint32
}

func newStore(p *pools) *store { return &store{pools: p, entries: map[string]*entry{}} }

// begin makes the state with version 0 in the buffer content, which it takes over, replacing any state of that key
// that there was. It fails with errFull.
func (s *store) begin(key string, content *blob) error {
	fill(content.data, seedOf(key))
	next := &entry{content: content, sum: checksum(content.data)}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.entries[key]
	if before == nil && len(s.entries) >= maxHeld {
		content.release()
		return fmt.Errorf("%d states are held: %w", maxHeld, errFull)
	}
	if before != nil {
		before.retire(s.pools)
	}
	s.entries[key] = next
	return nil
}

// retire takes an entry's content away, so that whoever found the entry before cannot write to it any more.
func (e *entry) retire(p *pools) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.content.release()
	e.content, e.version = p.get(0), -1
}

func (s *store) find(key string) (*entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entries[key]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("state %s: %w", key, errMissing)
}

func (s *store) get(key string) (value, error) {
	e, err := s.find(key)
	if err != nil {
		return value{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return value{e.content.retain(), e.version, e.sum}, nil
}

// put replaces the content where the version is still the expected one. It takes over content's hold.
func (s *store) put(key string, expected int64, next value) error {
	e, err := s.find(key)
	if err != nil {
		next.content.release()
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.version != expected {
		next.content.release()
		return fmt.Errorf("state %s has version %d, not %d: %w", key, e.version, expected, errConflict)
	}
	e.content.release()
	e.content, e.version, e.sum = next.content, next.version, next.sum
	return nil
}

// keep puts a state there, in the place of what there may be of that key. It takes over the content's hold.
func (s *store) keep(key string, next value) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[key]
	if e == nil {
		if len(s.entries) >= maxHeld {
			next.content.release()
			return fmt.Errorf("%d states are held: %w", maxHeld, errFull)
		}
		s.entries[key] = &entry{content: next.content, version: next.version, sum: next.sum}
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.content.release()
	e.content, e.version, e.sum = next.content, next.version, next.sum
	return nil
}

// update changes the content in place; nobody sees the state in between.
func (s *store) update(key string, with changer) error {
	e, err := s.find(key)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.content.refs.Load() > 1 { // somebody is reading it
		private, err := s.pools.takeNow(int64(len(e.content.data)))
		if err != nil {
			return err
		}
		copy(private.data, e.content.data)
		e.content.release()
		e.content = private
	}
	e.version, e.sum, err = with(key, e.content.data, e.version, e.sum)
	return err
}

// drop forgets all states whose keys have the prefix and returns their number.
func (s *store) drop(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for key, e := range s.entries {
		if strings.HasPrefix(key, prefix) {
			e.retire(s.pools)
			delete(s.entries, key)
			n++
		}
	}
	return n
}

func (s *store) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.entries)
}

// changer checks a content against its sum, turns it into the next version's, and returns that version
// and its sum.
type changer func(key string, data []byte, version int64, sum uint32) (int64, uint32, error)

// nextVersion is the changer of an agent that works.
func nextVersion(key string, data []byte, version int64, sum uint32) (int64, uint32, error) {
	if checksum(data) != sum {
		return version, sum, fmt.Errorf("state %s, version %d: %w", key, version, errCorrupt)
	}
	change(data, seedOf(key), version+1)
	return version + 1, checksum(data), nil
}
