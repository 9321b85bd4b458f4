package faas

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// specChained is a job in which workers call each other.
func (c *cluster) specChained(t testing.TB, jobs []workload.Job, m plan.Model, p *placement.Placement) *ChainSpec {
	t.Helper()
	r, err := rule(m).Orchestrated(plan.Chained)
	if err != nil {
		t.Fatal(err)
	}
	built := r.Build(jobs, 0, p, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
	spec, err := NewChainSpec(built, c.addr, "run/"+string(m)+"-chained/0")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// chainable are the models in which workers may call each other.
var chainable = []plan.Model{plan.External, plan.InEdge, plan.InFunction, plan.StatePropagate, plan.StateLocal}

// TestWorkersCallEachOther: every function once, states where they belong, nothing left over, and the client has no
// connections but to the first worker (and, to fetch its states, the workers to it).
func TestWorkersCallEachOther(t *testing.T) {
	c := newCluster(t, Allotted)
	places := map[string]*placement.Placement{
		"two workers": placed(1, 2, 1, 2), "at home": placed(0, 0, 1, 0), "home alone": placed(0, 0, 0, 0),
		"one worker": placed(1, 1, 1, 1), "central": placed(central, 1, central, cloud),
	}
	for name, p := range places {
		for _, m := range chainable {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				spec := c.specChained(t, job(), m, p)
				result, lost := c.carryOut(t, spec)
				if result.Error != "" || lost != nil || result.Conflicts != 0 {
					t.Fatalf("error %q, conflicts %d, check %v", result.Error, result.Conflicts, lost)
				}
				verifySteps(t, spec, result)
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
				c.empty(t)
			})
		}
	}
}

// empty complains of what agents have left.
func (c *cluster) empty(t *testing.T) {
	t.Helper()
	left := ""
	if !testenv.Holds(func() bool {
		left = ""
		for i, a := range c.agents {
			if s := a.Stats(); s.States != 0 || s.Bytes != 0 || len(a.parts.all) != 0 {
				left += fmt.Sprintf("agent %d keeps %d states, %d bytes, %d parts; ", i, s.States, s.Bytes, len(a.parts.all))
			}
		}
		return left == ""
	}) {
		t.Fatal(left)
	}
}

// Who talks to whom, and what about, by the plan's steps in the order in which they happened.
func TestMessagesOfChainedModels(t *testing.T) {
	c := newCluster(t, Allotted)
	jobs := []workload.Job{{Name: "j", States: []int64{1000, 50}, Result: 7, Tasks: []workload.Task{
		{Function: "f", Argument: 10, States: []int{0}}, {Function: "g", Argument: 20, After: []int{0}, States: []int{0, 1}},
	}}}
	for m, want := range map[plan.Model][]string{
		plan.StatePropagate: {"request 0>1 1060", "execute", "request 1>2 1070", "execute", "response 2>0 1057"},
		plan.StateLocal: {"request 0>1 10", "read 0>1 1000", "execute", "request 1>2 20", "read 1>2 1000", "read 0>2 50",
			"execute", "response 2>0 7"},
		plan.External: {"request 0>1 10", "read 4>1 1000", "execute", "write 1>4 1000", "request 1>2 20", "read 4>2 1000",
			"read 4>2 50", "execute", "write 2>4 1000", "write 2>4 50", "response 2>0 7"},
		plan.InFunction: {"request 0>1 10", "execute", "request 1>2 20", "execute", "response 2>0 7"},
	} {
		r, err := rule(m).Orchestrated(plan.Chained)
		if err != nil {
			t.Fatal(err)
		}
		built := r.Build(jobs, 0, placed(1, 2), plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
		result, lost := c.carryOut(t, c.specChained(t, jobs, m, placed(1, 2)))
		if result.Error != "" || lost != nil {
			t.Fatalf("%s: error %q, check %v", m, result.Error, lost)
		}
		var got []string
		for _, s := range result.Steps {
			text, step := s.Role.String(), built.Steps[s.Index]
			if step.Kind == plan.Transfer {
				text += fmt.Sprintf(" %d>%d %d", step.From, step.To, step.Bytes)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", m, got, want)
		}
	}
}

// The states end where the model says, with all updates.
func TestWhereStatesEnd(t *testing.T) {
	c := newCluster(t, Allotted)
	for m, want := range map[plan.Model]map[topology.ID][]int64{ // versions of states 0 and 1
		plan.StatePropagate: {0: {3, 3}}, plan.StateLocal: {0: {0, 0}, 1: {1, 2}, 2: {3, 3}},
		plan.InEdge: {central: {3, 3}}, plan.InFunction: {1: {1, 1}, 2: {2, 2}},
	} {
		spec := c.specChained(t, job(), m, placed(1, 2, 1, 2))
		if result, lost := c.carryOut(t, spec); result.Error != "" || lost != nil {
			t.Fatalf("%s: error %q, check %v", m, result.Error, lost)
		}
		for node, versions := range want {
			for state, version := range versions {
				v, err := c.clients[node].Check(t.Context(), stateKey(spec.Key, state))
				if err != nil || v.Version != version || !v.Intact {
					t.Errorf("%s: state %d at %d: %+v, %v; want version %d", m, state, node, v, err, version)
				}
			}
		}
	}
}

// TestDAGsOfWorkers holds random DAGs to what those are held to in which the client calls, in all chained models; and
// nothing is left.
func TestDAGsOfWorkers(t *testing.T) {
	c := newCounted(t, Allotted)
	retries := 0
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 16))
		jobs := []workload.Job{randomJob(r, 60, seed%6 == 0)}
		nodes := make([]topology.ID, jobs[0].Length())
		for i := range nodes {
			nodes[i] = topology.ID(r.IntN(5))
		}
		place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
		for _, m := range chainable {
			of, err := rule(m).Orchestrated(plan.Chained)
			if err != nil {
				t.Fatal(err)
			}
			p := of.Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
			before := c.executed()
			n := c.carryOutDAG(t, fmt.Sprintf("seed %d, %s", seed, m), p)
			if jobs[0].Chain() && n > 0 {
				t.Errorf("seed %d, %s: a chain repeats %d steps", seed, m, n)
			}
			if n := c.executed() - before; n != int64(len(nodes)) {
				t.Errorf("seed %d, %s: %d executions of %d", seed, m, n, len(nodes))
			}
			retries += n
			c.empty(t)
		}
	}
	if retries == 0 {
		t.Error("no branches were in each other's way")
	}
}

func (c *cluster) executed() (n int64) {
	for _, a := range c.agents {
		n += a.Stats().Invocations
	}
	return n
}

// A state that outlives its chain is changed where it is kept, and not forgotten with the chain.
func TestWorkersChangeLastingStates(t *testing.T) {
	const key = "run/lasting/0"
	c := newCluster(t, Allotted)
	for m, want := range map[plan.Model]map[topology.ID]int64{plan.External: {cloud: 6}, plan.InFunction: {1: 2, 2: 4}} {
		spec := c.specChained(t, job(), m, placed(1, 2, 1, 2))
		spec.Lasting = []string{key}
		for node := range want {
			if err := c.clients[node].Seed(t.Context(), key, spec.StateBytes[0]); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if result, lost := c.carryOut(t, spec); result.Error != "" || lost != nil {
				t.Fatalf("%s: error %q, check %v", m, result.Error, lost)
			}
			if err := spec.Clean(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
		}
		for node, version := range want {
			if v, err := c.clients[node].Check(t.Context(), key); err != nil || v.Version != version || !v.Intact {
				t.Errorf("%s: at %d %+v, %v; want version %d", m, node, v, err, version)
			}
		}
	}
	spec := c.specChained(t, job(), plan.StateLocal, placed(1, 2, 1, 2))
	if spec.Lasting = []string{key}; spec.validate() == nil {
		t.Error("nobody keeps a state of state-local between two chains, and it is accepted")
	}
}
