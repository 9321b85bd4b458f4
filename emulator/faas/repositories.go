package faas

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"testbed/emulator/internal/readfile"
)

// repository is where workers and clients read states from, and write them to.
type repository interface {
	// get reads a private copy of a state of size bytes, and says the repository's moment of it, in ns; 0: none is known.
	get(ctx context.Context, key string, size int64) (v value, remote int64, err error)
	// put writes a state that still has the expected version; it wraps errConflict where it has another. The value stays
	// its caller's.
	put(ctx context.Context, key string, expected int64, v value) (remote int64, err error)
}

// keeper is what the node of a repository makes states with, examines and forgets them.
type keeper interface {
	// seed makes a state of version 0 and size bytes, in the place of what there may be of that key.
	seed(ctx context.Context, key string, size int64) error
	// look is a state as it is now; its content is the caller's to release. It wraps errMissing where there is none.
	look(ctx context.Context, key string) (value, error)
	// drop forgets the states whose keys begin with prefix and returns their number.
	drop(ctx context.Context, prefix string) (int, error)
}

// repositoryAt is the repository of an address, as in AccessSpec.Repository; empty: this node's own.
func (a *Agent) repositoryAt(address string) repository {
	if address == "" {
		return ownStates{a}
	}
	if strings.Contains(address, between) {
		return a.replicatedAt(address)
	}
	if isRedis(address) {
		return redisStates{Agent: a, address: address}
	}
	return agentStates{a, address}
}

// keeperOf is what keeps a state of this node that the control socket asks for (see markedKey), and the key there.
func (a *Agent) keeperOf(marked string) (keeper, string, error) {
	key, inRedis := strings.CutPrefix(marked, redisMark)
	switch {
	case !inRedis:
		return ownStates{a}, key, nil
	case a.redis == nil:
		return nil, key, errors.New("this node runs no Redis server")
	default:
		return a.redis, key, nil
	}
}

// drop forgets the states of this node whose keys begin with prefix and returns their number.
func (a *Agent) drop(ctx context.Context, prefix string) (int, error) {
	n, err := ownStates{a}.drop(ctx, prefix)
	if err == nil && a.redis != nil {
		var more int
		more, err = a.redis.drop(ctx, prefix)
		n += more
	}
	return n, err
}

// readPassword reads that of the testbed's Redis servers.
func (a *Agent) readPassword() error {
	if a.config.PasswordFile == "" {
		return nil
	}
	text, err := readfile.All(a.config.PasswordFile, maxReason)
	if err != nil {
		return fmt.Errorf("password of the repository: %w", err)
	}
	a.password = strings.TrimSpace(string(text))
	return nil
}

// ownStates are those that this agent itself keeps.
type ownStates struct{ *Agent }

func (o ownStates) get(ctx context.Context, key string, size int64) (v value, remote int64, err error) {
	v, err = o.own(ctx, key, size)
	return v, 0, err
}

func (o ownStates) put(_ context.Context, key string, expected int64, v value) (remote int64, err error) {
	v.content.retain()
	if err = o.states.put(key, expected, v); err != nil {
		o.counts.conflicts.Add(1)
	}
	return 0, err
}

func (o ownStates) seed(ctx context.Context, key string, size int64) error {
	content, err := o.pools.take(ctx, size) // the chain before may be about to give back what it had
	if err != nil {
		return err
	}
	return o.states.begin(key, content)
}

func (o ownStates) look(_ context.Context, key string) (value, error) { return o.states.get(key) }

func (o ownStates) drop(_ context.Context, prefix string) (int, error) {
	return o.states.drop(prefix), nil
}

// agentStates are those that the agent of another node keeps, over HTTP.
type agentStates struct {
	*Agent
	address string
}

func (s agentStates) get(ctx context.Context, key string, size int64) (v value, remote int64, err error) {
	v, err = s.Agent.get(ctx, s.address, key, size, &remote)
	return v, remote, err
}

func (s agentStates) put(ctx context.Context, key string, expected int64, v value) (remote int64, err error) {
	err = s.Agent.put(ctx, s.address, key, expected, v, &remote)
	return remote, err
}
