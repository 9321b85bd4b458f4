package faas

import (
	"slices"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// TestClientAccessesRepositories: the client reads before its request and writes after the response, the worker has no
// connection to the repository, and the states end as they do where workers access them.
func TestClientAccessesRepositories(t *testing.T) {
	for name, c := range map[string]struct {
		model      plan.Model
		repository topology.ID
		workers    []topology.ID
	}{
		"cloud":                    {plan.External, cloud, []topology.ID{1, 2, 1, 2}},
		"central node":             {plan.InEdge, central, []topology.ID{1, 2, 1, 2}},
		"the client works, too":    {plan.InEdge, central, []topology.ID{0, 2, 0, 2}},
		"the central node as well": {plan.InEdge, central, []topology.ID{central, 1, central, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, Allotted)
			spec := cluster.specBy(t, job(), c.model, placed(c.workers...), plan.ByClient)
			result, lost := cluster.carryOut(t, spec)
			if result.Error != "" || lost != nil || result.Conflicts != 0 {
				t.Fatalf("error %q, check %v, %d conflicts", result.Error, lost, result.Conflicts)
			}
			at := result.Start
			var roles []plan.Role
			for _, s := range result.Steps {
				if s.Start < at || s.End < s.Start {
					t.Errorf("step %d, a %s, is from %d to %d; the one before ends at %d", s.Index, s.Role, s.Start, s.End, at)
				}
				if repository := s.Role == plan.Read || s.Role == plan.Write; repository != (s.Remote > 0) {
					t.Errorf("step %d, a %s, was at the repository at %d", s.Index, s.Role, s.Remote)
				}
				at = s.End
				roles = append(roles, s.Role)
			}
			want := slices.Concat(round(1), round(2), round(1), round(2))
			if !slices.Equal(roles, want) {
				t.Errorf("steps %v, not %v", roles, want)
			}
			stats := cluster.agents[c.repository].Stats()
			if stats.Reads != 6 || stats.Writes != 6 {
				t.Errorf("the repository served %d reads and %d writes, not 6 of each", stats.Reads, stats.Writes)
			}
			for _, worker := range c.workers {
				if n := cluster.agents[worker].Stats().Dials; worker != 0 && n != 0 {
					t.Errorf("worker %d has opened %d connections", worker, n)
				}
			}
		})
	}
}

// round are the steps of an invocation that uses so many states.
func round(states int) []plan.Role {
	return slices.Concat(slices.Repeat([]plan.Role{plan.Read}, states),
		[]plan.Role{plan.Request, plan.Execute, plan.Response}, slices.Repeat([]plan.Role{plan.Write}, states))
}

// TestClientIsTheRepository: what it has itself needs no connection.
func TestClientIsTheRepository(t *testing.T) {
	cluster := newCluster(t, Allotted)
	built := rule(plan.InEdge).Build(job(), 0, placed(1, 2, 1, 2), plan.Sites{Central: 0}, plan.ByClient)
	spec, err := NewChainSpec(built, cluster.addr, "run/own/0")
	if err != nil {
		t.Fatal(err)
	}
	result, lost := cluster.carryOut(t, spec)
	if result.Error != "" || lost != nil || cluster.agents[0].Stats().Dials != 2 {
		t.Errorf("error %q, check %v, %d connections", result.Error, lost, cluster.agents[0].Stats().Dials)
	}
}
