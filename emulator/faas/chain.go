package faas

import (
	"context"
	"errors"
	"slices"
	"strings"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Control is what the states of chains are made, examined and forgotten through at one node, and what it has to do in
// those in which workers call each other: a Client, or what stands for one.
type Control interface {
	Seed(ctx context.Context, key string, size int64) error
	Check(ctx context.Context, key string) (StateVersion, error)
	Clean(ctx context.Context, prefix string) error
	Install(ctx context.Context, part *Part) error
	Progress(ctx context.Context, spec *ChainSpec, wait bool) (*Progress, error)
	Abandon(ctx context.Context, key, reason string) error
}

// ErrNoState is wrapped by errors about a state that an agent does not have.
var ErrNoState = errMissing

// place is a node that has a value of its own of one of a chain's states.
type place struct {
	state int
	bytes int64 // before the first invocation
	node  topology.ID

	program bool // it has any size after that
	redis   bool // it is in the node's Redis server
	replica bool // it is one of several of one value
}

// key is that of a place's value at the control socket of its node.
func (p place) key(s *ChainSpec) string {
	key := stateKey(s.Key, p.state)
	if p.redis {
		return redisMark + key
	}
	return key
}

// places lists where a chain's own states are, before it begins or when it has ended: in the repository, in each worker
// that uses them, with the client, or where they were used last.
func (s *ChainSpec) places(ended bool) []place {
	var all []place
	add := func(p place) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for _, state := range s.Carried {
		if s.lasts(state) {
			continue
		}
		add(place{state: state, bytes: s.StateBytes[state], node: s.Client})
	}
	for _, inv := range s.Invocations {
		for _, a := range inv.States {
			if s.lasts(a.State) {
				continue
			}
			if a.Location != plan.Fetched {
				for _, node := range a.keepers() {
					add(place{a.State, inv.seeded(a), node, inv.Program, isRedis(a.Repository), len(a.Replicas) > 0})
				}
				continue
			}
			known := slices.IndexFunc(all, func(p place) bool { return p.state == a.State })
			if known < 0 {
				known = len(all)
				all = append(all, place{state: a.State, bytes: a.Bytes, node: a.Node})
			}
			if ended {
				all[known].node = inv.Node
			}
		}
	}
	return all
}

// Nodes lists the nodes that hold something of the chain: states or, where workers call each other, what they have to
// do.
func (s *ChainSpec) Nodes() []topology.ID {
	var nodes []topology.ID
	for _, p := range s.places(false) {
		nodes = append(nodes, p.node)
	}
	if s.Chained() {
		nodes = append(nodes, s.Client)
		for i := range s.Invocations {
			nodes = append(nodes, s.Invocations[i].Node)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// Pair is a connection that a chain uses.
type Pair struct {
	From    topology.ID
	Address string // host:port
	// Replica says that it leads to one of several replicas, of which a minority may be away.
	Replica bool
}

// Pairs lists the connections that the chain uses, each once: client to worker, worker or client to repository; or from
// each that sends a message to the one that gets it.
func (s *ChainSpec) Pairs() []Pair {
	var pairs []Pair
	add := func(p Pair) {
		if p.Address != "" && !slices.Contains(pairs, p) {
			pairs = append(pairs, p)
		}
	}
	for _, m := range s.Messages {
		from, _ := s.at(m.From)
		if to, address := s.at(m.To); to != from {
			add(Pair{From: from, Address: address})
		}
	}
	for i := range s.Invocations {
		for _, inv := range s.variants(i) {
			if !s.Chained() {
				add(Pair{From: s.Client, Address: inv.Worker})
			}
			for _, a := range inv.States {
				switch {
				case a.ByClient:
					for address := range strings.SplitSeq(a.Repository, between) {
						add(Pair{s.Client, address, len(a.Replicas) > 0})
					}
				case a.Location == plan.Repository || a.Location == plan.Fetched:
					for address := range strings.SplitSeq(a.Repository, between) {
						add(Pair{inv.Node, address, len(a.Replicas) > 0})
					}
				}
			}
		}
	}
	return pairs
}

// Seed makes all own states of the chain, of version 0, where they are expected, and tells workers that call each other
// what to do. clients gives the control of a node.
func Seed[C Control](ctx context.Context, s *ChainSpec, clients func(topology.ID) C) error {
	away := absent{}
	for _, p := range s.places(false) {
		instance := s.instanceAt(p.state, p.node)
		err := SeedAt(ctx, clients, p.node, instance, p.key(s), p.bytes)
		if err != nil && !away.tolerates(ctx, s, p, err) {
			return err
		}
	}
	if !s.Chained() {
		return nil
	}
	for _, node := range s.Nodes() {
		if err := clients(node).Install(ctx, &Part{Node: node, Spec: s}); err != nil && !s.OnlyReplica(ctx, node, err) {
			return err
		}
	}
	return nil
}

// Check compares the states' versions with the number of invocations that have touched them, and examines
// their contents. A state that is lost is no error of Check: see StateCheck.Err.
func Check[C Control](ctx context.Context, s *ChainSpec, clients func(topology.ID) C) ([]StateCheck, error) {
	checks := make([]StateCheck, 0, len(s.StateBytes))
	index := map[int]int{}
	for _, p := range s.places(true) {
		if _, known := index[p.state]; !known {
			index[p.state] = len(checks)
			checks = append(checks, StateCheck{State: p.state, Intact: true})
		}
	}
	for _, inv := range s.Invocations {
		for _, a := range inv.States {
			if s.lasts(a.State) {
				continue
			}
			checks[index[a.State]].Want++
		}
	}
	for i := range checks {
		err := checkReplicas(s.places(true), &checks[i], func(p place) (StateVersion, error) {
			return clients(p.node).Check(ctx, p.key(s))
		})
		if err != nil {
			return nil, err
		}
	}
	for _, p := range s.places(true) {
		if p.replica {
			continue
		}
		check := &checks[index[p.state]]
		v, err := CheckAt(ctx, clients, p.node, s.instanceAt(p.state, p.node), p.key(s))
		if errors.Is(err, ErrNoState) {
			check.Missing++
			continue
		} else if err != nil {
			return nil, err
		}
		check.Have += v.Version
		check.Intact = check.Intact && v.Intact && (p.program || v.Bytes == p.bytes)
		check.digest(v, p.program)
	}
	return checks, nil
}

// Clean makes all nodes forget the chain's states, and end what they still do for it.
func Clean[C Control](ctx context.Context, s *ChainSpec, clients func(topology.ID) C) error {
	errs := []error{cleanInstances(ctx, s, clients)}
	for _, node := range s.Nodes() {
		if err := clients(node).Clean(ctx, s.Key+"/"); err != nil && !s.OnlyReplica(ctx, node, err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Seed is the function Seed, over the agents' clients.
func (s *ChainSpec) Seed(ctx context.Context, clients func(topology.ID) *Client) error {
	return Seed(ctx, s, clients)
}

// Check is the function Check, over the agents' clients.
func (s *ChainSpec) Check(ctx context.Context, clients func(topology.ID) *Client) ([]StateCheck, error) {
	return Check(ctx, s, clients)
}

// Clean is the function Clean, over the agents' clients.
func (s *ChainSpec) Clean(ctx context.Context, clients func(topology.ID) *Client) error {
	return Clean(ctx, s, clients)
}
