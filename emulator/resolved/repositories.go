package resolved

import (
	"fmt"
	"slices"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// locateStates finds out what keeps states that are in a repository, and where.
func (e *Scenario) locateStates(network *simnet.Network) error {
	store, err := e.Source.Store()
	if err != nil {
		return e.at("state.repository", err)
	}
	if store.Server {
		e.Sites.Store = &store
	}
	nodes, err := e.repositories(network)
	if err != nil {
		return e.at("state.repositories", err)
	}
	replicas := e.Source.State.Replication
	if replicas > len(nodes) {
		return e.fault("state.replication", fmt.Sprintf("write at most %d, or more repositories in state.repositories",
			len(nodes)), "%s cannot keep %d replicas of a state", printable.Count(len(nodes), "repository"), replicas)
	}
	if !slices.Equal(nodes, []topology.ID{e.Sites.Central}) {
		several := &plan.Repositories{Replicas: replicas}
		for _, id := range nodes {
			several.Nodes = append(several.Nodes, plan.Named{ID: id, Name: e.Topology.Vertices[id].Name})
		}
		if e.Source.State.Keys == "nearest" {
			several.Delay = e.delays()
		}
		e.Sites.Repositories = several
	}
	e.Keepers = e.keepers(nodes)
	return nil
}

// checkReplicated says why states cannot have replicas: a majority agrees on each state by itself, so that several,
// each with replicas, are no transaction.
func (e *Scenario) checkReplicated(m plan.Model, plans []*plan.Plan) error {
	for _, p := range plans {
		for i := range p.Invocations {
			inv := &p.Invocations[i]
			if !inv.Program || len(inv.States) < 2 || len(inv.States[0].Replicas) == 0 {
				continue
			}
			return e.fault("state.replication", "give it one state, with several keys, or write replication: 1",
				"model %s: the job %s has function %s, a program, use %d states, and what it writes is one transaction, which "+
					"several states with replicas cannot be", m, p.Job, inv.Function, len(inv.States))
		}
	}
	return nil
}

// repositories are the hosts of the edge that are repositories, in the order of their names.
func (e *Scenario) repositories(network *simnet.Network) (nodes []topology.ID, err error) {
	t := e.Topology
	able := slices.DeleteFunc(t.ByName(t.Hosts()), func(id topology.ID) bool { return !e.HasAgent(id) })
	switch names := e.Source.State.Repositories; names[0] {
	case scenario.CentralRepository:
		return []topology.ID{e.Sites.Central}, nil
	case scenario.AllRepositories:
		return able, nil
	case scenario.PremisesRepositories:
		parts := t.Premises()
		if len(parts) < 2 {
			return nil, fmt.Errorf("the topology has no premises: nothing falls apart without exchanges; " +
				"write central, all, or names of hosts")
		}
		for _, part := range parts {
			central, err := network.Central(slices.DeleteFunc(t.Attached(), func(id topology.ID) bool {
				return slices.Contains(part, id) && slices.Contains(able, id)
			})...)
			if err != nil {
				return nil, fmt.Errorf("the premises of %s: %w", t.Vertices[part[0]].Name, err)
			}
			nodes = append(nodes, central)
		}
		return t.ByName(nodes), nil
	default:
		return slices.DeleteFunc(able, func(id topology.ID) bool {
			return !slices.Contains(names, t.Vertices[id].Name)
		}), nil
	}
}

// delays gives the delay from any node to some and back, in s.
func (e *Scenario) delays() func(client, node topology.ID) float64 {
	to := map[topology.ID]*topology.Tree{}
	tree := func(id topology.ID) *topology.Tree {
		if to[id] == nil {
			to[id] = e.Topology.TreeTo(id)
		}
		return to[id]
	}
	one := func(from, dest topology.ID) float64 {
		if from == dest {
			return 0
		}
		hops, _ := tree(dest).Hops(nil, from) // of a topology that hangs together
		var sum time.Duration
		for _, h := range hops {
			sum += h.Delay
		}
		return sum.Seconds()
	}
	known := map[[2]topology.ID]float64{}
	return func(client, node topology.ID) float64 {
		key := [2]topology.ID{client, node}
		if _, there := known[key]; !there {
			known[key] = one(client, node) + one(node, client)
		}
		return known[key]
	}
}

// keepers are the nodes that keep states in a repository, under one of the scenario's models.
func (e *Scenario) keepers(edge []topology.ID) (all []topology.ID) {
	for _, m := range e.Models {
		rule := e.rules[m]
		if rule.Cloud && e.Sites.Cloud >= 0 {
			all = append(all, e.Sites.Cloud)
		} else if rule.Locate != nil {
			location, node := rule.Locate(e.Sites.Central, e.Sites.Central, e.Sites)
			if location == plan.Repository && node == e.Sites.Central {
				all = append(all, edge...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
