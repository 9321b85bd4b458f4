package plan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Repositories say which of several nodes of the edge keep which state; nil: the central node keeps all.
type Repositories struct {
	// Nodes are those that are repositories, with their names.
	Nodes []Named
	// Delay is that from a client to a node, there and back, in any unit; nil: keys are placed by hash.
	Delay func(client, node topology.ID) float64
	// Replicas is how many of them keep each state, from 1.
	Replicas int
}

// Named is a node with its name.
type Named struct {
	ID   topology.ID
	Name string
}

// Order are the repositories in the order in which a state prefers them: by the least delay from its client, or by
// rendezvous hashing over their names, by which each gets as many states, and those of one that goes away go to all
// others in equal parts.
func (r *Repositories) Order(client topology.ID, key string) []topology.ID {
	nodes := slices.Clone(r.Nodes)
	weight := func(n Named) uint64 {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%s\x00%s", n.Name, key)
		x := h.Sum64() // whose upper bits hardly tell of the last characters: mix them (the finalizer of splitmix64)
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		return x ^ x>>31
	}
	slices.SortFunc(nodes, func(a, b Named) int {
		if r.Delay != nil {
			if c := cmp.Compare(r.Delay(client, a.ID), r.Delay(client, b.ID)); c != 0 {
				return c
			}
			return cmp.Compare(a.Name, b.Name)
		}
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(a.Name, b.Name))
	})
	all := make([]topology.ID, len(nodes))
	for i, n := range nodes {
		all[i] = n.ID
	}
	return all
}

// locate says where an invocation of a worker finds one of the job's states, and which nodes have replicas of it: none,
// or several, that node the first.
func (b *Builder) locate(r Rule, worker topology.ID, state int) (Location, topology.ID, []topology.ID) {
	location, node := r.Locate(b.plan.Client, worker, b.sites)
	at := b.sites.Repositories
	if at == nil || location != Repository || node != b.sites.Central {
		return location, node, nil
	}
	order := at.Order(b.plan.Client, b.stateName(state))
	if at.Replicas < 2 {
		return location, order[0], nil
	}
	return location, order[0], order[:at.Replicas]
}

// stateName names a state among all of the workload's, for its place: those that outlive jobs by their client, whatever
// job uses them, another by its job. Programs write several states as one transaction, at one repository: so what
// belongs to a job of programs is all at one, the client's where one of its states outlives it.
func (b *Builder) stateName(state int) string {
	program := slices.ContainsFunc(b.job.Tasks, func(t workload.Task) bool { return t.Program })
	lasting := slices.ContainsFunc(b.plan.Lasting, func(s string) bool { return s != "" })
	switch {
	case b.plan.Outlives(state).Name != "" || program && lasting:
		return fmt.Sprintf("client %d", b.plan.Client)
	case program:
		return b.job.Name
	}
	return fmt.Sprintf("%s/%d", b.job.Name, state)
}
