package faas

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// repositoryOf is the address of a state's repository, for AccessSpec; empty where it is near, that is, the node itself
// that accesses it, and no more than that node's agent.
func repositoryOf(p *plan.Plan, s *plan.Access, near bool, addr func(topology.ID) netip.AddrPort) string {
	server := s.Location == plan.Repository && p.Store != nil && p.Store.Server
	if !server && len(s.Replicas) == 0 && near {
		return ""
	}
	var all []string
	for _, node := range s.Keepers() {
		one := addr(node).String()
		if server {
			one = p.Store.Scheme + netip.AddrPortFrom(addr(node).Addr(), p.Store.Port).String()
		}
		all = append(all, one)
	}
	return strings.Join(all, between)
}

// keepers are the nodes that keep the value of a state.
func (a *AccessSpec) keepers() []topology.ID {
	if len(a.Replicas) > 0 {
		return a.Replicas
	}
	return []topology.ID{a.Node}
}

// checkReplicas examines the state of a check, where it has replicas. A state that a majority of them has lost is
// missing.
func checkReplicas(places []place, check *StateCheck, look func(place) (StateVersion, error)) error {
	replicas := slices.DeleteFunc(slices.Clone(places), func(p place) bool {
		return !p.replica || p.state != check.State
	})
	if len(replicas) == 0 {
		return nil
	}
	newest, missing, err := newestOf(replicas, look)
	check.Missing, check.Have = missing, newest.Version
	check.Intact = missing > 0 || newest.Intact && (replicas[0].program || newest.Bytes == replicas[0].bytes)
	check.digest(newest, replicas[0].program)
	return err
}

// newestOf is the newest version that replicas have of a state, of which a majority must have one. missing are those
// that have none or do not answer, where no majority is left; it is an error where those that do not may have it.
func newestOf[P any](replicas []P, look func(P) (StateVersion, error)) (newest StateVersion, missing int, err error) {
	var errs []error
	found := 0
	for _, p := range replicas {
		v, err := look(p)
		switch {
		case err == nil:
			if found++; found == 1 || v.Version >= newest.Version {
				newest = v
			}
		case !errors.Is(err, ErrNoState):
			errs = append(errs, err)
		}
	}
	switch majority := plan.Majority(len(replicas)); {
	case found >= majority:
		return newest, 0, nil
	case found+len(errs) >= majority:
		return newest, len(replicas) - found, errors.Join(errs...)
	}
	return newest, len(replicas) - found, nil
}

// Keepers are the nodes that keep the value.
func (p *LastingPlace) Keepers() []topology.ID {
	if len(p.Replicas) > 0 {
		return p.Replicas
	}
	return []topology.ID{p.Node}
}

// SeedLasting makes a state that outlives chains, of version 0. A minority of several replicas may be away.
func SeedLasting[C Control](ctx context.Context, clients func(topology.ID) C, p *LastingPlace) error {
	away := 0
	for _, node := range p.Keepers() {
		err := SeedAt(ctx, clients, node, p.Stateful, p.Key, p.Bytes)
		if err == nil {
			continue
		}
		away++
		if ctx.Err() != nil || !isNetwork(err) || len(p.Replicas)-away < plan.Majority(len(p.Replicas)) {
			return err
		}
	}
	return nil
}

// CheckLasting examines a state that outlives chains: of several replicas the newest that a majority has. It wraps
// ErrNoState where there is none.
func CheckLasting[C Control](ctx context.Context, clients func(topology.ID) C, p *LastingPlace) (StateVersion, error) {
	look := func(node topology.ID) (StateVersion, error) { return CheckAt(ctx, clients, node, p.Stateful, p.Key) }
	if len(p.Replicas) == 0 {
		return look(p.Node)
	}
	newest, missing, err := newestOf(p.Replicas, look)
	if err == nil && missing > 0 {
		err = fmt.Errorf("%d of %d replicas have lost it: %w", missing, len(p.Replicas), ErrNoState)
	}
	return newest, err
}

// absent are, by a state, how many of its replicas' nodes do not answer.
type absent map[int]int

// tolerates says whether a state can do without the replica that could not be made: a majority is left.
func (a absent) tolerates(ctx context.Context, s *ChainSpec, p place, err error) bool {
	if !p.replica || ctx.Err() != nil || !isNetwork(err) {
		return false
	}
	replicas := 0
	for _, other := range s.places(false) {
		if other.state == p.state {
			replicas++
		}
	}
	a[p.state]++
	return replicas-a[p.state] >= plan.Majority(replicas)
}

// OnlyReplica says whether a node that does not answer has nothing of the chain but replicas, and no part in it: the
// chain can do without it.
func (s *ChainSpec) OnlyReplica(ctx context.Context, node topology.ID, err error) bool {
	if ctx.Err() != nil || !isNetwork(err) || node == s.Client {
		return false
	}
	for i := range s.Invocations {
		if slices.Contains(s.Candidates(&s.Invocations[i]), node) {
			return false
		}
	}
	for _, p := range s.places(false) {
		if p.node == node && !p.replica {
			return false
		}
	}
	return !slices.ContainsFunc(s.LastingPlaces(), func(p LastingPlace) bool {
		return len(p.Replicas) == 0 && p.Node == node
	})
}
