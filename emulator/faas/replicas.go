package faas

import (
	"context"
	"errors"
	"net/netip"
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

// replica takes in what a replica of a state says of it: of all the newest counts.
func (c *StateCheck) replica(v StateVersion, bytes int64) {
	if v.Version >= c.Have {
		c.Have, c.Intact = v.Version, v.Intact && v.Bytes == bytes
	}
}

// checkReplicas examines the states that have replicas. A state whose replicas' majority does not answer, or has lost
// it, is missing.
func checkReplicas(places []place, check *StateCheck, look func(place) (StateVersion, error)) error {
	var errs []error
	asked, found := 0, 0
	for _, p := range places {
		if !p.replica || p.state != check.State {
			continue
		}
		asked++
		v, err := look(p)
		if err == nil {
			found++
			check.replica(v, p.bytes)
		} else if !errors.Is(err, ErrNoState) {
			errs = append(errs, err)
		}
	}
	if asked == 0 || found >= plan.Majority(asked) {
		return nil
	}
	check.Missing = asked - found
	if found+len(errs) >= plan.Majority(asked) {
		return errors.Join(errs...)
	}
	return nil
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

// onlyReplica says whether a node that does not answer has nothing of the chain but replicas: it is down.
func (s *ChainSpec) onlyReplica(ctx context.Context, node topology.ID, err error) bool {
	if ctx.Err() != nil || !isNetwork(err) || s.Chained() {
		return false
	}
	for _, p := range s.places(false) {
		if p.node == node && !p.replica {
			return false
		}
	}
	return true
}
