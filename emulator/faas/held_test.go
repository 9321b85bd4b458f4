package faas

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/internal/testenv"
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
					testenv.Eventually(t, "nothing being held", func() bool { return a.Stats().Bytes == 0 })
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
	return boundedClusterOf(t, wait, nil, memory)
}

// boundedClusterOf is boundedCluster with programs; nil: none.
func boundedClusterOf(t *testing.T, wait time.Duration, own programs, memory func(topology.ID) int64) *cluster {
	t.Helper()
	c := &cluster{}
	for i := range 5 {
		a, client := agentOf(t, Config{Memory: memory(topology.ID(i))}, own, func(l *limits) { l.wait = wait })
		c.agents, c.clients = append(c.agents, a), append(c.clients, client)
	}
	return c
}

// writes is a program that writes so many bytes into each of its states, and answers with so many, by function.
type writes map[string][2]int

func (w writes) invoke(_ context.Context, c *call, _ []byte, session *dapr.Session) ([]byte, error) {
	state := &stateAPI{dapr.Handler(c.function, func(*http.Request) (*dapr.Session, error) { return session, nil })}
	for i := range c.states {
		body := fmt.Sprintf(`[{"key":"k","value":%q}]`, strings.Repeat("x", w[c.function][0]))
		if status, _, text := state.ask("POST", dapr.StoreName(i), body); status != http.StatusNoContent {
			return nil, fmt.Errorf("%d %s", status, text)
		}
	}
	return make([]byte, w[c.function][1]), nil
}

// The same of programs, of which it was measured what they read, write and answer: an agent needs what the plan says,
// and not half of that.
func TestPlannedMemoryOfPrograms(t *testing.T) {
	const slack = 4096 // of keys and brackets
	own := writes{"f": {3_000_000, 2_000_000}, "g": {5_000_000, 1_000_000}}
	jobs := []workload.Job{{Name: "j", States: []int64{5_000_000}, Tasks: []workload.Task{
		{Function: "f", Argument: 1_000_000, States: []int{0}, Program: true, Measured: &workload.Measured{
			Argument: 1_000_000, Result: 2_000_000, States: []workload.Resized{{Written: 3_000_000 + slack}}}},
		{Function: "g", Argument: 1_000_000, After: []int{0}, States: []int{0}, Program: true, Measured: &workload.Measured{
			Argument: 1_000_000, Result: 1_000_000,
			States: []workload.Resized{{Read: 3_000_000 + slack, Written: 5_000_000 + slack}}}},
	}}}
	for m, access := range accesses() {
		if access != plan.ByWorker {
			continue
		}
		place := placed(1, 1)
		held := rule(m).Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, access).Held()
		for share, enough := range map[int64]bool{1: true, 2: false} {
			c := boundedClusterOf(t, 20*time.Millisecond, own, func(id topology.ID) int64 {
				return max(minMemory, held.Nodes[id]/share)
			})
			spec := c.specBy(t, jobs, m, place, access)
			err := spec.Seed(t.Context(), c.client)
			var r *ChainResult
			if err == nil {
				r, err = c.client(0).Run(t.Context(), spec)
			}
			if err == nil && r.Error != "" {
				err = errors.New(r.Error)
			}
			if (err == nil) != enough {
				t.Errorf("%s: with 1/%d of %v: %v", m, share, held.Nodes, err)
			}
		}
	}
}
