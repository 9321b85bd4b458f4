package faas

import (
	"errors"
	"net/netip"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// cluster is agents on loopback: 0 is the client, 1 and 2 are workers, 3 is the central node, 4 the cloud.
type cluster struct {
	agents  []*Agent
	clients []*Client
}

const central, cloud = 3, 4

func newCluster(t testing.TB, compute string) *cluster {
	t.Helper()
	return newClusterWhere(t, compute, nil)
}

// newClusterWhere has agents that change states in a way of their own, by their numbers, or that have so much memory,
// for which they do not wait.
func newClusterWhere(t testing.TB, compute string, changes map[int]changer, memory ...int64) *cluster {
	t.Helper()
	return newClusterOf(t, compute, changes, nil, memory...)
}

// newClusterOf has agents with programs as well.
func newClusterOf(
	t testing.TB, compute string, changes map[int]changer, own programs, memory ...int64,
) *cluster {
	t.Helper()
	c := &cluster{}
	dir := t.TempDir()
	for i := range 5 {
		socket := filepath.Join(dir, strconv.Itoa(i))
		change := changes[i]
		if change == nil {
			change = nextVersion
		}
		config := Config{Node: strconv.Itoa(i), Listen: "127.0.0.1:0", Control: socket, Speed: 1e6, Compute: compute}
		limits := defaultLimits()
		limits.free = true
		if i < len(memory) && memory[i] > 0 {
			config.Memory, limits.wait = memory[i], time.Millisecond
		}
		a, err := startWith(config, limits, change, own)
		if err != nil {
			t.Fatal(err)
		}
		client := NewClient(socket)
		t.Cleanup(func() { client.Close(); a.Close() })
		c.agents, c.clients = append(c.agents, a), append(c.clients, client)
	}
	return c
}

func (c *cluster) addr(id topology.ID) netip.AddrPort { return c.agents[id].Addr() }

func (c *cluster) client(id topology.ID) *Client { return c.clients[id] }

// reach are all nodes: instances may be moved to each of them.
func (c *cluster) reach() (all []topology.ID) {
	for id := range c.agents {
		all = append(all, topology.ID(id))
	}
	return all
}

// job is a chain of four tasks, two of them at each worker; states 0 and 1 are used three times each.
func job() []workload.Job {
	return []workload.Job{{
		Name: "j_1", States: []int64{300_000, 7}, Result: 999,
		Tasks: []workload.Task{
			{Function: "f1", Ops: 2000, Argument: 100, States: []int{0}},
			{Function: "f2", Ops: 1000, Argument: 70_000, After: []int{0}, States: []int{0, 1}},
			{Function: "f3", Ops: 0, Argument: 0, After: []int{1}, States: []int{1}},
			{Function: "f 4/ü", Ops: 1000, Argument: 5, After: []int{2}, States: []int{0, 1}},
		},
	}}
}

func placed(nodes ...topology.ID) *placement.Placement {
	return &placement.Placement{
		Client: []topology.ID{0}, Node: [][]topology.ID{nodes}, Load: map[topology.ID]int{1: 2, 2: 2},
	}
}

func (c *cluster) spec(t testing.TB, jobs []workload.Job, m plan.Model, p *placement.Placement) *ChainSpec {
	t.Helper()
	return c.specBy(t, jobs, m, p, plan.ByWorker)
}

// specBy is a chain whose states in repositories are accessed by the worker or by the client.
func (c *cluster) specBy(t testing.TB, jobs []workload.Job, m plan.Model, p *placement.Placement,
	access plan.StateAccess,
) *ChainSpec {
	t.Helper()
	built := rule(m).Build(jobs, 0, p, plan.Sites{Cloud: cloud, Central: central}, access)
	spec, err := NewChainSpec(built, c.addr, "run/"+string(m)+"/0")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// tell tells the agents what chains need that are about to begin, besides what they were told before.
func (c *cluster) tell(t testing.TB, specs ...*ChainSpec) {
	t.Helper()
	all := AllKnown{}
	for _, s := range specs {
		all.Need(s, c.reach())
	}
	for id := range all {
		told := all.Of(id)
		if len(told.Lives)+len(told.Redis) == 0 {
			continue
		}
		if err := c.client(id).Tell(t.Context(), told, false); err != nil {
			t.Fatal(err)
		}
	}
}

// carryOut seeds, runs and checks a chain, and returns the complaints of the checks.
func (c *cluster) carryOut(t testing.TB, spec *ChainSpec) (*ChainResult, error) {
	t.Helper()
	c.tell(t, spec)
	ctx := t.Context()
	if err := spec.Seed(ctx, c.client); err != nil {
		t.Fatal(err)
	}
	result, err := Run(ctx, spec, c.client)
	if err != nil {
		t.Fatal(err)
	}
	return result, c.check(t, spec)
}

// until carries a chain out, which must succeed, until good holds of the result. What else the machine does can keep
// it from that, but not again and again: the last result of many is returned in the end.
func (c *cluster) until(t testing.TB, spec *ChainSpec, good func(*ChainResult) bool) *ChainResult {
	t.Helper()
	const attempts = 30
	for i := 1; ; i++ {
		result, lost := c.carryOut(t, spec)
		if result.Error != "" || lost != nil {
			t.Fatalf("%s: error %q, check %v", spec.Model, result.Error, lost)
		}
		if good(result) || i == attempts {
			return result
		}
	}
}

func (c *cluster) check(t testing.TB, spec *ChainSpec) error {
	t.Helper()
	checks, err := spec.Check(t.Context(), c.client)
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) == 0 {
		t.Fatal("nothing was checked")
	}
	var errs []error
	for _, check := range checks {
		errs = append(errs, check.Err())
	}
	return errors.Join(errs...)
}

// rule is an execution model of the study's.
func rule(m plan.Model) plan.Rule {
	r, _ := plan.Rules.Find(catalogue.New(plan.Section()), string(m))
	return r
}
