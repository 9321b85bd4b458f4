package faas

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// headerBundle says that a write is one of several that take effect together, with the last of them: ID NUMBER COUNT.
const headerBundle = "X-Testbed-Bundle"

// maxBundles is how many bundles of which not all has come one repository keeps.
const maxBundles = 1 << 12

// bundlePart is which write of a bundle one is.
type bundlePart struct {
	id            string // like a state's key: that of a chain, / and the number of the task
	number, count int    // number from 1
}

func (p bundlePart) String() string { return fmt.Sprintf("%s %d %d", p.id, p.number, p.count) }

func parseBundlePart(text string) (bundlePart, error) {
	fields := strings.Split(text, " ")
	if len(fields) != 3 {
		return bundlePart{}, fmt.Errorf("%.150q: want ID, number and count", text)
	}
	var n numbers
	p := bundlePart{fields[0], n.index(fields[1]), n.index(fields[2])}
	if n.err == nil && (p.number < 1 || p.number > p.count || p.count > maxStates) {
		n.err = fmt.Errorf("write %d of %d: want 1 to %d", p.number, p.count, maxStates)
	}
	if n.err == nil {
		n.err = checkStateKey(p.id)
	}
	return p, n.err
}

// bundles are those of which a repository has not all yet.
type bundles struct {
	mu  sync.Mutex
	all map[string]*bundle // by ID
}

type bundle struct {
	items []written // held
	began time.Time
}

func (b *bundle) release() {
	for _, one := range b.items {
		one.next.content.release()
	}
}

// add takes in one write, whose content it takes over, and returns all of the bundle with the last of them, nil before:
// they are the caller's then. Bundles that nobody goes on with are forgotten after the time given.
func (b *bundles) add(p bundlePart, one written, after time.Duration) ([]written, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string]*bundle{}
	}
	for id, old := range b.all {
		if time.Since(old.began) > after || id == p.id && p.number == 1 {
			delete(b.all, id)
			old.release()
		}
	}
	if p.number == 1 && len(b.all) < maxBundles {
		b.all[p.id] = &bundle{began: time.Now()}
	}
	mine := b.all[p.id]
	if mine == nil || len(mine.items) != p.number-1 {
		one.next.content.release()
		return nil, fmt.Errorf("write %d of bundle %s: those before it are not here: %w", p.number, p.id, errFull)
	}
	if mine.items = append(mine.items, one); p.number < p.count {
		return nil, nil
	}
	delete(b.all, p.id)
	return mine.items, nil
}

// drop forgets the bundles whose IDs begin with prefix.
func (b *bundles) drop(prefix string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, old := range b.all {
		if strings.HasPrefix(id, prefix) {
			delete(b.all, id)
			old.release()
		}
	}
}

// putBundled writes a state to another agent as one of a bundle.
func (s agentStates) putBundled(ctx context.Context, p bundlePart, one written, remote *int64) error {
	header := fmt.Appendf(nil, "%s: %s\r\n", headerBundle, p)
	return s.Agent.put(ctx, s.address, one.key, one.expected, one.next, remote, header...)
}

// write replaces a state as a write from the network says, or keeps it until the rest of its bundle has come. It takes
// over the content's hold.
func (a *Agent) write(h http.Header, one written) error {
	if by, err := parseAccepted(h.Get(headerBallot)); err != nil || by.ballot != "" {
		if err != nil {
			one.next.content.release()
			return err
		}
		return a.states.accept(one.key, by, one.next)
	}
	text := h.Get(headerBundle)
	if text == "" {
		return a.states.put(one.key, one.expected, one.next)
	}
	p, err := parseBundlePart(text)
	if err == nil && p.number < p.count { // the last is examined with all of them
		err = a.states.expects(one.key, one.expected)
	}
	if err != nil {
		one.next.content.release()
		return fmt.Errorf("header %s: %w", headerBundle, err)
	}
	all, err := a.bundles.add(p, one, a.limits.stall)
	if all == nil {
		return err
	}
	defer (&bundle{items: all}).release()
	return a.states.putAll(all)
}

// expects fails where a state is not of the version.
func (s *store) expects(key string, version int64) error {
	e, err := s.find(key)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.expects(key, version)
}

func (e *entry) expects(key string, version int64) error {
	if e.version != version {
		return fmt.Errorf("state %s has version %d, not %d: %w", key, e.version, version, errConflict)
	}
	return nil
}

// putAll replaces the contents where all versions are still the expected ones; nobody sees some of them without the
// others. The contents stay their holder's as well.
func (s *store) putAll(all []written) error {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b written) int { return strings.Compare(a.key, b.key) }) // for all in one order
	entries := make([]*entry, len(all))
	for i, one := range all {
		if i > 0 && all[i-1].key == one.key {
			return fmt.Errorf("state %s is written twice", one.key)
		}
		e, err := s.find(one.key)
		if err != nil {
			return err
		}
		entries[i] = e
	}
	for i, e := range entries {
		e.mu.Lock()
		defer e.mu.Unlock()
		if err := e.expects(all[i].key, all[i].expected); err != nil {
			return err
		}
	}
	for i, e := range entries {
		e.content.release()
		e.content, e.version, e.sum = all[i].next.content.retain(), all[i].next.version, all[i].next.sum
	}
	return nil
}
