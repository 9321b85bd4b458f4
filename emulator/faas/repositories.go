package faas

import "context"

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
	return agentStates{a, address}
}

// keeperOf is what keeps a state of this node that the control socket asks for.
func (a *Agent) keeperOf(string) keeper { return ownStates{a} }

// drop forgets the states of this node whose keys begin with prefix and returns their number.
func (a *Agent) drop(ctx context.Context, prefix string) (int, error) {
	return ownStates{a}.drop(ctx, prefix)
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
