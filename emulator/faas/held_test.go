package faas

import (
	"iter"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// An agent that is allowed no more than a plan says its node holds carries the plan out; one that is allowed
// half of that does not, and says why.
func TestPlannedMemoryIsEnough(t *testing.T) {
	jobs := []workload.Job{{Name: "j", States: []int64{6_000_000, 4_000_000}, Result: 5_000_000, Tasks: []workload.Task{
		{Function: "f", Argument: 3_000_000, States: []int{0}},
		{Function: "g", Argument: 6_000_000, After: []int{0}, States: []int{0, 1}},
		{Function: "h", Argument: 100, After: []int{1}, States: []int{1}},
	}}}
	for name, place := range map[string]*placement.Placement{
		"two workers": placed(1, 2, 1), "at home": placed(0, 0, 1), "central": placed(central, 1, central),
	} {
		for m, access := range accesses() {
			built := rule(m).Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, access)
			held := built.Held()
			t.Run(name+"/"+string(m)+"/"+string(access), func(t *testing.T) {
				c := boundedCluster(t, time.Minute, func(id topology.ID) int64 { return max(minMemory, held.Nodes[id]) })
				spec := c.specBy(t, jobs, m, place, access)
				for range 2 {
					if r, lost := c.carryOut(t, spec); r.Error != "" || lost != nil {
						t.Errorf("of %v: %q, %v", held.Nodes, r.Error, lost)
					}
				}
				for i, a := range c.agents {
					if err := c.clients[i].Clean(t.Context(), ""); err != nil {
						t.Error(err)
					}
					until(t, "nothing being held", func() bool { return a.Stats().Bytes == 0 })
				}
				budget := func(id topology.ID) int64 { return max(minMemory, held.Nodes[id]/2) }
				half := boundedCluster(t, 20*time.Millisecond, budget)
				spec = half.specBy(t, jobs, m, place, access)
				err := spec.Seed(t.Context(), half.client)
				if err == nil {
					var r *ChainResult
					if r, err = half.client(0).Run(t.Context(), spec); err == nil && r.Error == "" {
						_, err = spec.Check(t.Context(), half.client)
					}
					if err == nil && r.Error == "" {
						t.Error("half of it is enough")
					}
				}
			})
		}
	}
}

// accesses are the study's models, and those with a repository once more as the client accesses it.
func accesses() iter.Seq2[plan.Model, plan.StateAccess] {
	return func(yield func(plan.Model, plan.StateAccess) bool) {
		for _, m := range plan.Study {
			if !yield(m, plan.ByWorker) {
				return
			}
		}
		_ = yield(plan.External, plan.ByClient) && yield(plan.InEdge, plan.ByClient)
	}
}

// boundedCluster is a cluster whose agents have a memory each.
func boundedCluster(t *testing.T, wait time.Duration, memory func(topology.ID) int64) *cluster {
	t.Helper()
	c := &cluster{}
	for i := range 5 {
		a, client := agentWith(t, Config{Memory: memory(topology.ID(i))}, func(l *limits) { l.wait = wait })
		c.agents, c.clients = append(c.agents, a), append(c.clients, client)
	}
	return c
}
