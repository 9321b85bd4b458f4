package faas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// replicasOf are the addresses of a state's replicas.
func (c *cluster) replicasOf(s *plan.Store, nodes ...topology.ID) string {
	var all []string
	for _, n := range nodes {
		all = append(all, c.repository(s, n))
	}
	return strings.Join(all, between)
}

// seedReplicas makes a state at all of them.
func (c *cluster) seedReplicas(t *testing.T, s *plan.Store, key string, size int64, nodes ...topology.ID) {
	t.Helper()
	for _, n := range nodes {
		if err := c.clients[n].Seed(t.Context(), markedKey(c.repository(s, n), key), size); err != nil {
			t.Fatal(err)
		}
	}
}

// newestOf is the newest version among a state's replicas at some nodes.
func (c *cluster) newestOf(t *testing.T, s *plan.Store, key string, nodes ...topology.ID) (newest StateVersion) {
	t.Helper()
	for _, n := range nodes {
		v, err := c.clients[n].Check(t.Context(), markedKey(c.repository(s, n), key))
		if err != nil {
			t.Fatal(err)
		}
		if v.Version >= newest.Version {
			newest = v
		}
	}
	return newest
}

// Many change one replicated state at the same time: every change is made, once.
func TestReplicasUnderContention(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		for _, nodes := range [][]topology.ID{{central, cloud}, {2, central, cloud}} {
			const writers, each, size = 4, 10, 5000
			address, key := c.replicasOf(s, nodes...), fmt.Sprintf("run/replicas/%d/0", len(nodes))
			c.seedReplicas(t, s, key, size, nodes...)
			var wait sync.WaitGroup
			for i := range writers {
				wait.Go(func() {
					for range each {
						if err := c.agents[i%2].increment(t, address, key, size); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wait.Wait()
			if v := c.newestOf(t, s, key, nodes...); v != (StateVersion{Version: writers * each, Bytes: size, Intact: true}) {
				t.Errorf("%d replicas: %+v", len(nodes), v)
			}
		}
	})
}

// A node with a replica of every state goes away for good in the middle of the load: nothing that was acknowledged is
// lost, nothing is done twice, and the work goes on.
func TestReplicaLost(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		const writers, size = 4, 3000
		nodes := []topology.ID{2, central, cloud}
		lost := nodes[rand.IntN(3)]
		address, acknowledged := c.replicasOf(s, nodes...), make([]atomic.Int64, writers)
		for i := range writers {
			c.seedReplicas(t, s, killedKey(i), size, nodes...)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for i := range writers {
			wait.Go(func() {
				for ctx.Err() == nil {
					if err := c.agents[i%2].increment(t, address, killedKey(i), size); err != nil {
						t.Error(err)
						return
					}
					acknowledged[i].Add(1)
				}
			})
		}
		time.Sleep(time.Duration(50+rand.IntN(50)) * time.Millisecond)
		if err := c.agents[lost].Close(); err != nil {
			t.Error(err)
		}
		at := acknowledged[0].Load()
		for acknowledged[0].Load() < at+5 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		cancel()
		wait.Wait()
		var left []topology.ID
		for _, n := range nodes {
			if n != lost {
				left = append(left, n)
			}
		}
		for i := range writers {
			want := StateVersion{Version: acknowledged[i].Load(), Bytes: size, Intact: true}
			if v := c.newestOf(t, s, killedKey(i), left...); v != want {
				t.Errorf("without node %d, state %d: %+v, want %+v", lost, i, v, want)
			}
		}
	})
}

// A model whose states have replicas does what it does without them, and every state is as expected.
func TestModelWithReplicas(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		several := &plan.Repositories{
			Nodes: []plan.Named{{ID: 2, Name: "b"}, {ID: central, Name: "c"}, {ID: cloud, Name: "d"}},
		}
		for _, replicas := range []int{1, 2, 3} {
			several.Replicas = replicas
			sites := plan.Sites{Cloud: cloud, Central: central, Store: s, Repositories: several}
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, 17))
				jobs := []workload.Job{randomJob(r, 10, seed%2 == 0)}
				nodes := make([]topology.ID, jobs[0].Length())
				for i := range nodes {
					nodes[i] = topology.ID(r.IntN(5))
				}
				place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
				access, by := []plan.StateAccess{plan.ByWorker, plan.ByClient}[seed/2%2], rule(plan.InEdge)
				if seed >= 6 { // workers call each other
					chained, err := by.Orchestrated(plan.Chained)
					if err != nil {
						t.Fatal(err)
					}
					by, access = chained, plan.ByWorker
				}
				built := by.Build(jobs, 0, place, sites, access)
				spec, err := NewChainSpec(built, c.addr, fmt.Sprintf("run/in-edge/%d", seed))
				if err != nil {
					t.Fatal(err)
				}
				result, lost := c.carryOutAny(t, spec)
				if result.Error != "" || lost != nil || len(result.Steps) != len(built.Steps) {
					t.Fatalf("%d replicas, seed %d: error %q, check %v, %d of %d steps", replicas, seed, result.Error, lost,
						len(result.Steps), len(built.Steps))
				}
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Chains of programs and of workers that call each other have states with replicas as others have, also where branches
// change one at the same time and where a replica's node is gone.
func TestProgramsWithReplicas(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		several := &plan.Repositories{Replicas: 3,
			Nodes: []plan.Named{{ID: 2, Name: "b"}, {ID: central, Name: "c"}, {ID: cloud, Name: "d"}}}
		sites := plan.Sites{Cloud: cloud, Central: central, Store: s, Repositories: several}
		jobs := []workload.Job{{Name: "j", States: []int64{1000}, Tasks: []workload.Task{
			{Function: "a", Argument: 9, States: []int{0}, Program: true},
			{Function: "b", Argument: 9, After: []int{0}, States: []int{0}, Program: true},
			{Function: "c", Argument: 9, After: []int{0}, States: []int{0}, Program: true},
		}}}
		lasting := "run/in-edge/lasting/7"
		var last string
		for round := range 4 {
			if round == 3 {
				c.agents[2].Close()
			}
			built := rule(plan.InEdge).Build(jobs, 0, placed(1, 0, 1), sites, plan.ByWorker)
			spec, err := NewChainSpec(built, c.addr, fmt.Sprintf("run/in-edge/%d", round))
			if err != nil {
				t.Fatal(err)
			}
			if round > 0 {
				spec.Lasting = []string{lasting}
			}
			places := spec.LastingPlaces()
			if round == 1 {
				if err := SeedLasting(t.Context(), c.client, &places[0]); err != nil {
					t.Fatal(err)
				}
			}
			result, lost := c.carryOutAny(t, spec)
			if result.Error != "" || lost != nil {
				t.Fatalf("round %d: error %q, check %v", round, result.Error, lost)
			}
			if round == 0 {
				checks, err := spec.Check(t.Context(), c.client)
				if err != nil || len(checks) != 1 || len(checks[0].Digest) != 16 {
					t.Errorf("%+v, %v", checks, err)
				}
				continue
			}
			v, err := CheckLasting(t.Context(), c.client, &places[0])
			if err != nil || v.Version != int64(3*round) || !v.Intact || v.Digest == "" || v.Digest == last {
				t.Errorf("round %d: %+v, %v", round, v, err)
			}
			last = v.Digest
		}
	})
}

// Several states of one program are no transaction where they have replicas.
func TestProgramsOfSeveralStatesHaveNoReplicas(t *testing.T) {
	c, s := onStore(t, allStores[0])
	several := &plan.Repositories{Replicas: 2, Nodes: []plan.Named{{ID: central, Name: "c"}, {ID: cloud, Name: "d"}}}
	jobs := job()
	for i := range jobs[0].Tasks {
		jobs[0].Tasks[i].Program = true
	}
	sites := plan.Sites{Cloud: cloud, Central: central, Store: s, Repositories: several}
	built := rule(plan.InEdge).Build(jobs, 0, placed(1, 2, 1, 2), sites, plan.ByWorker)
	spec, err := NewChainSpec(built, c.addr, "run/x/0")
	if err == nil {
		err = spec.validate()
	}
	if err == nil || !strings.Contains(err.Error(), "one transaction") {
		t.Error(err)
	}
}

// Chains go on, and their states are as expected, when a node with replicas is gone for good.
func TestChainsWithoutOneReplica(t *testing.T) {
	c, s := onStore(t, allStores[0])
	several := &plan.Repositories{Replicas: 3,
		Nodes: []plan.Named{{ID: 2, Name: "b"}, {ID: central, Name: "c"}, {ID: cloud, Name: "d"}}}
	sites := plan.Sites{Cloud: cloud, Central: central, Store: s, Repositories: several}
	built := rule(plan.InEdge).Build(job(), 0, placed(1, 0, 1, 0), sites, plan.ByWorker)
	spec, err := NewChainSpec(built, c.addr, "run/in-edge/0")
	if err != nil {
		t.Fatal(err)
	}
	for _, lost := range []int{-1, central} {
		if lost >= 0 {
			c.agents[lost].Close()
		}
		for _, p := range spec.Pairs() {
			warm := WarmSpec{Address: p.Address, Connections: 2, Fresh: true, Replica: p.Replica}
			if err := c.client(p.From).Warm(t.Context(), []WarmSpec{warm}); err != nil {
				t.Errorf("without %d: %v", lost, err)
			}
		}
		if result, failed := c.carryOut(t, spec); result.Error != "" || failed != nil {
			t.Errorf("without %d: error %q, check %v", lost, result.Error, failed)
		}
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Errorf("without %d: %v", lost, err)
		}
	}
	c.agents[cloud].Close()
	if err := spec.Seed(t.Context(), c.client); err == nil {
		t.Error("states are made without a majority")
	}
}

// Without a majority nothing is acknowledged, and the error says so.
func TestNoQuorumIsAnError(t *testing.T) {
	c, s := onStore(t, allStores[0])
	nodes := []topology.ID{2, central, cloud}
	c.seedReplicas(t, s, "run/quorum/0/0", 100, nodes...)
	address := c.replicasOf(s, nodes...)
	c.agents[central].Close()
	if err := c.agents[0].increment(t, address, "run/quorum/0/0", 100); err != nil {
		t.Errorf("with two of three: %v", err)
	}
	c.agents[cloud].Close()
	if err := c.agents[0].increment(t, address, "run/quorum/0/0", 100); !errors.Is(err, errNoQuorum) {
		t.Errorf("with one of three: %v", err)
	}
}

// A value that only a minority has taken in, for its writer went away, is brought to an end by the next writer or gone
// for good: it never comes back later.
func TestHalfWrittenValue(t *testing.T) {
	eachStore(t, func(t *testing.T, c *cluster, s *plan.Store) {
		nodes := []topology.ID{2, central, cloud}
		for holder := range 3 {
			key := fmt.Sprintf("run/half/%d/0", holder)
			c.seedReplicas(t, s, key, 100, nodes...)
			r := c.agents[0].replicatedAt(c.replicasOf(s, nodes...))
			v, _, err := r.get(t.Context(), key, 100)
			if err != nil {
				t.Fatal(err)
			}
			if v.version, v.sum, err = nextVersion(key, v.content.data, v.version, v.sum); err != nil {
				t.Fatal(err)
			}
			half := accepted{nextBallot(""), writerID()}
			if err := r.members[holder].accept(t.Context(), key, half, v); err != nil {
				t.Fatal(err)
			}
			v.content.release()
			for range 3 {
				if err := c.agents[1].increment(t, c.replicasOf(s, nodes...), key, 100); err != nil {
					t.Fatal(err)
				}
			}
			if v := c.newestOf(t, s, key, nodes...); !v.Intact || v.Version != 3 && v.Version != 4 {
				t.Errorf("member %d: %+v", holder, v)
			}
		}
	})
}
