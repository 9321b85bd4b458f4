package faas

import (
	"context"
	"fmt"
)

// span is when an access of a state began and ended, and the repository's moment of it; 0: there was no repository to
// ask.
type span struct{ start, end, remote int64 }

// anySize is the size of a state that nobody knows before it is read.
const anySize = -1

// fetch gets a private copy of a state of size bytes, or of anySize, from the repository at an address; empty: from
// this node's own.
func (a *Agent) fetch(ctx context.Context, repository, key string, size int64) (v value, s span, err error) {
	s.start = a.clock.moment()
	v, s.remote, err = a.repositoryAt(repository).get(ctx, key, size)
	s.end = a.clock.moment()
	return v, s, err
}

// own is a copy of a state that this node's repository has.
func (a *Agent) own(ctx context.Context, key string, size int64) (value, error) {
	stored, err := a.states.get(key)
	if err != nil {
		return value{}, err
	}
	defer stored.content.release()
	have := int64(len(stored.content.data))
	if size == anySize {
		size = have
	} else if have != size {
		return value{}, fmt.Errorf("it has %d bytes, not %d", have, size)
	}
	content, err := a.pools.take(ctx, size)
	if err != nil {
		return value{}, err
	}
	copy(content.data, stored.content.data)
	return value{content, stored.version, stored.sum}, nil
}

// store writes a changed state back to where it was fetched from; the version before it must still be there.
func (a *Agent) store(ctx context.Context, repository, key string, v value) (s span, err error) {
	s.start = a.clock.moment()
	s.remote, err = a.repositoryAt(repository).put(ctx, key, v.version-1, v)
	s.end = a.clock.moment()
	return s, err
}
