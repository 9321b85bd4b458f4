package resolved

import (
	"slices"
	"strings"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// repositoriesOf are the names of the nodes that in-edge's states are kept at, sorted.
func repositoriesOf(t *testing.T, e *Scenario) (names []string) {
	t.Helper()
	plans, err := e.Plans(plan.InEdge, plan.ByWorker)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		for _, inv := range p.Invocations {
			for _, s := range inv.States {
				names = append(names, e.Topology.Vertices[s.Node].Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestRepositories(t *testing.T) {
	for line, want := range map[string]struct {
		edge, server int // repositories in the edge, and nodes with a server, the cloud included
	}{
		"models: [external, in-edge]":                                 {1, 0},
		"state: {repository: redis}":                                  {1, 2},
		"state: {repository: redis}\nmodels: [in-edge]":               {1, 1},
		"state: {repository: redis}\nmodels: [external]":              {1, 1},
		"state: {repository: redis}\nmodels: [in-client]":             {1, 0},
		"state: {repository: redis, repositories: premises}":          {4, 5},
		"state: {repository: redis, repositories: [nuc_0, server_3]}": {2, 3},
		"state: {repositories: nuc_1}":                                {1, 0},
		"state: {repository: redis, repositories: all}":               {80, 81},
	} {
		e, err := studied(t, line)
		if err != nil {
			t.Fatal(err)
		}
		if server := e.Sites.Store != nil; server != strings.Contains(line, "redis") {
			t.Errorf("%s: a server: %v", line, server)
		}
		if n := len(e.Keepers); e.Sites.Store != nil && n != want.server {
			t.Errorf("%s: %d nodes have a server", line, n)
		}
		have := repositoriesOf(t, e)
		if len(have) > want.edge || want.edge < 10 && len(have) < want.edge {
			t.Errorf("%s: states are at %v", line, have)
		}
		for _, name := range have {
			if id, _ := e.Topology.Lookup(name); e.Sites.Store != nil && slices.Contains(e.Models, plan.InEdge) &&
				!slices.Contains(e.Keepers, id) {
				t.Errorf("%s: %s keeps states and has no server", line, name)
			}
		}
	}
}

// With replicas each state is at as many repositories, and there must be as many.
func TestReplicas(t *testing.T) {
	e, err := studied(t, "state: {repositories: premises, replication: 3}")
	if err != nil {
		t.Fatal(err)
	}
	plans, err := e.Plans(plan.InEdge, plan.ByWorker)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		for _, inv := range p.Invocations {
			for _, s := range inv.States {
				if sorted := slices.Sorted(slices.Values(s.Replicas)); len(slices.Compact(sorted)) != 3 || s.Replicas[0] != s.Node {
					t.Errorf("a state at %d has replicas at %v", s.Node, s.Replicas)
				}
			}
		}
	}
	if _, err := studied(t, "state: {repositories: [nuc_0, nuc_1], replication: 3}"); err == nil ||
		!strings.Contains(err.Error(), "2 repositories cannot keep 3 replicas") {
		t.Error(err)
	}
}

// Each of the four factories has one repository, and with keys: nearest a client's states are in its own.
func TestPremises(t *testing.T) {
	e, err := studied(t, "state: {repositories: premises, keys: nearest}")
	if err != nil {
		t.Fatal(err)
	}
	parts := e.Topology.Premises()
	if len(parts) != 4 {
		t.Fatalf("%d premises", len(parts))
	}
	at := map[topology.ID]int{}
	for i, part := range parts {
		if len(part) != 20 {
			t.Errorf("premises %d have %d hosts", i, len(part))
		}
		for _, id := range part {
			at[id] = i
		}
	}
	kept := map[int]topology.ID{}
	for _, n := range e.Sites.Repositories.Nodes {
		kept[at[n.ID]] = n.ID
	}
	if len(kept) != 4 || kept[at[e.Sites.Central]] != e.Sites.Central {
		t.Errorf("the repositories %v are not one in each, or not the central node %d in its own",
			e.Sites.Repositories.Nodes, e.Sites.Central)
	}
	plans, err := e.Plans(plan.InEdge, plan.ByWorker)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		for _, inv := range p.Invocations {
			for _, s := range inv.States {
				if at[s.Node] != at[p.Client] {
					t.Errorf("a state of %s's is at %s", e.Topology.Vertices[p.Client].Name, e.Topology.Vertices[s.Node].Name)
				}
			}
		}
	}
}
