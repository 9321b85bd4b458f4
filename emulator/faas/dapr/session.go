// Package dapr answers Dapr's HTTP state API on behalf of a function's invocation: the function reads and writes keys,
// and knows nothing of where its states live.
package dapr

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"testbed/emulator/faas/keyspace"
)

// DefaultStore is the name of a function's only state, or of its first one, as Dapr itself names its first store.
const DefaultStore = "statestore"

// StoreName is the name that the state of an index, from 0, among those of a function has in any case.
func StoreName(index int) string {
	if index == 0 {
		return DefaultStore
	}
	return DefaultStore + "-" + strconv.Itoa(index+1)
}

// Store is a state under the names that a function may use for it.
type Store struct {
	Names []string
	Space *keyspace.Space
}

// Memory is what requests and states take theirs from. Take fails where there is none left, and does not wait.
type Memory interface {
	Take(bytes int64) error
	Give(bytes int64)
}

// Session is what one invocation may read and write. Requests of it may come at the same time; each is done as a whole.
type Session struct {
	memory Memory
	limit  int64 // bytes of a request's body

	mu     sync.Mutex
	stores []Store
	began  int64 // overhead of the spaces as they were given
	taken  int64 // of the memory, for what the function has written
	closed atomic.Bool
	bodies map[*http.ResponseController]bool // connections from which a request's body is read
}

// headroom is how much longer a request's body may be than a state, for its keys, options and brackets.
const headroom = 1 << 20

// NewSession makes a session of states whose spaces belong to it until Close, and for which the caller has memory as
// they are. limit is a state's, in bytes.
func NewSession(stores []Store, limit int64, memory Memory) *Session {
	s := &Session{stores: slices.Clone(stores), limit: limit + headroom, memory: memory}
	s.began = s.overhead()
	return s
}

// overhead is that of all spaces.
func (s *Session) overhead() (bytes int64) {
	for i := range s.stores {
		bytes += s.stores[i].Space.Overhead()
	}
	return bytes
}

// errClosed is what a function is told that has answered already.
var errClosed = errors.New("the invocation is over: read and write state before the function answers")

// errMemory is what the node has no memory for.
var errMemory = errors.New("the node has no memory for it")

// take takes memory, or fails with errMemory.
func (s *Session) take(bytes int64) error {
	if err := s.memory.Take(bytes); err != nil {
		return fmt.Errorf("%w: %w", errMemory, err)
	}
	return nil
}

// reading notes that a body is read from a connection, or is no more.
func (s *Session) reading(conn *http.ResponseController, is bool) {
	s.mu.Lock()
	if s.bodies == nil {
		s.bodies = map[*http.ResponseController]bool{}
	}
	if is {
		s.bodies[conn] = true
	} else {
		delete(s.bodies, conn)
	}
	s.mu.Unlock()
}

// Close ends the session, once changes under way are done, and the reading of requests' bodies. It returns the spaces
// as they are then, in the order of NewSession. Requests that come later are refused. The memory of what was written is
// given back, for the caller makes blobs of it now, but for what the spaces take beside these: that is until Free.
func (s *Session) Close() []*keyspace.Space {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed.Store(true)
	for conn := range s.bodies {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // where it cannot be set, the next byte ends it
	}
	keeps := max(0, min(s.taken, s.overhead()-s.began))
	s.memory.Give(s.taken - keeps)
	s.taken = keeps
	spaces := make([]*keyspace.Space, len(s.stores))
	for i := range s.stores {
		spaces[i] = s.stores[i].Space
	}
	return spaces
}

// Free gives back what Close has kept: the spaces are not used any more.
func (s *Session) Free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory.Give(s.taken)
	s.taken = 0
}

// names are those of all stores.
func (s *Session) names() []string {
	var names []string
	for _, store := range s.stores {
		names = append(names, store.Names...)
	}
	return names
}

// with calls do with the space of a store, while nobody else has it. do returns the space that is to take its place:
// the same one, or a changed copy.
func (s *Session) with(store string, do func(*keyspace.Space) (*keyspace.Space, *failure)) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return &failure{http.StatusConflict, codeNoInvocation, errClosed.Error()}
	}
	at := slices.IndexFunc(s.stores, func(one Store) bool { return slices.Contains(one.Names, store) })
	if at < 0 {
		return notFound(store, s.names())
	}
	before := s.stores[at].Space
	after, err := do(before)
	if err == nil {
		s.stores[at].Space = after
	}
	return err
}
