package faas

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/dispatch"
	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// dispatched is a chain whose invocations may go to each of the nodes, by the dispatcher of a name.
func (c *cluster) dispatched(t testing.TB, jobs []workload.Job, m plan.Model, by plan.StateAccess, name string,
	nodes ...topology.ID,
) *ChainSpec {
	t.Helper()
	known := catalogue.New(dispatch.Section())
	which, err := dispatch.Rules.Find(known, name)
	if err != nil {
		t.Fatal(err)
	}
	p := rule(m).Build(jobs, 0, placed(1, 1, 1, 1), plan.Sites{Cloud: cloud, Central: central}, by)
	if !p.Dispatched(which.Of(known.Defaults(catalogue.Dispatchers, name), 1), 1,
		func(*plan.Invocation) []topology.ID { return nodes }) {
		t.Fatalf("%s cannot be dispatched", m)
	}
	spec, err := NewChainSpec(p, c.addr, "run/"+string(m)+"/0")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// Whoever is picked, the client itself and the repository's node among them, states are where they are expected.
func TestPickedWorkersFindTheirStates(t *testing.T) {
	c := newCluster(t, Shared)
	all := []topology.ID{0, 1, 2, central, cloud}
	for _, m := range []plan.Model{plan.External, plan.InEdge, plan.InClient, plan.PureFaaS} {
		for _, by := range []plan.StateAccess{plan.ByWorker, plan.ByClient} {
			spec := c.dispatched(t, job(), m, by, "round-robin", all...)
			var seen []topology.ID
			for range 3 {
				result, lost := c.carryOut(t, spec)
				if result.Error != "" || lost != nil {
					t.Fatalf("%s, by %s: error %q, check %v", m, by, result.Error, lost)
				}
				if len(result.Steps) != spec.Steps {
					t.Errorf("%s: %d steps of %d", m, len(result.Steps), spec.Steps)
				}
				seen = append(seen, result.Workers...)
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
			}
			// One after the other over all chains of the run and model.
			want := slices.Concat(all, all, all)[:len(seen)]
			if m == plan.External && by == plan.ByWorker && !slices.Equal(seen, want) {
				t.Errorf("%s: picked %v, want %v", m, seen, want)
			}
		}
	}
}

// A worker that is busy, with whomever, is left alone by those who know. What else the machine does can keep chains
// from meeting, but not again and again.
func TestBusyWorkersAreLeftAlone(t *testing.T) {
	c := newCluster(t, Shared)
	jobs := []workload.Job{{Name: "j_1", Tasks: []workload.Task{{Function: "f", Ops: 100_000}}}} // 0.1 s alone
	spec := c.dispatched(t, jobs, plan.External, plan.ByWorker, "least-outstanding", 1, 2)
	for attempt := 0; ; attempt++ {
		var wait sync.WaitGroup
		picked := make([]topology.ID, 6)
		for i := range picked {
			own := *spec
			own.Key = "run/external/" + string(rune('a'+i))
			wait.Go(func() {
				result, err := c.client(0).Run(t.Context(), &own)
				if err != nil || result.Error != "" {
					t.Error(err, result)
					return
				}
				picked[i] = result.Workers[0]
			})
		}
		wait.Wait()
		ones := 0
		for _, id := range picked {
			if id == 1 {
				ones++
			}
		}
		if ones == 3 || t.Failed() {
			return
		}
		if attempt == 10 {
			t.Fatalf("of %v three should be 1", picked)
		}
	}
}

// A worker says in its response how many others it has under way, if it is asked.
func TestWorkersTellHowBusyTheyAre(t *testing.T) {
	c := newCluster(t, Shared)
	w := c.agents[1]
	w.counts.underWay.Add(4)
	ask := func(dispatched bool) http.Header {
		of := &call{key: "run/m/0", function: "f", dispatched: dispatched}
		m := message{method: http.MethodPost, path: "/function/f", header: of.header()}
		var got http.Header
		if err := c.agents[0].peers.do(t.Context(), w.Addr().String(), &m, func(r *http.Response) error {
			got = r.Header
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := ask(true).Get(headerUnderWay); got != "4" {
		t.Errorf("it says %q", got)
	}
	if _, told := ask(false)[headerUnderWay]; told {
		t.Error("it tells who has not asked")
	}
	w.counts.underWay.Add(-4)
}

func TestBadDispatchIsRefused(t *testing.T) {
	c := newCluster(t, Shared)
	for name, change := range map[string]func(*ChainSpec){
		"there is no pool 2":  func(s *ChainSpec) { s.Invocations[1].Pool = 2 },
		"there is no pool 1":  func(s *ChainSpec) { s.Dispatch = nil },
		"which cannot be pi":  func(s *ChainSpec) { s.Invocations[0].States[0].Location = plan.Local },
		"no such dispatcher":  func(s *ChainSpec) { s.Dispatch.Cost = "weather" },
		"half-life -1s":       func(s *ChainSpec) { s.Dispatch.HalfLife = -time.Second },
		"pool 1 has 0 worker": func(s *ChainSpec) { s.Dispatch.Pools[0] = nil },
		"pool 1: ":            func(s *ChainSpec) { s.Dispatch.Pools[0][0].Address = "here" },
	} {
		spec := c.dispatched(t, job(), plan.InClient, plan.ByWorker, "two-choices", 1, 2)
		change(spec)
		if _, err := c.client(0).Run(t.Context(), spec); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	spec := c.dispatched(t, job(), plan.External, plan.ByWorker, "two-choices", 1, 2)
	for _, workers := range [][]topology.ID{nil, {1}, {1, 2, 3, 1}} {
		if err := spec.validateWorkers(workers); err == nil {
			t.Errorf("workers %v are believed", workers)
		}
	}
	for _, text := range []string{"", "-1", "x", "9999999999"} {
		if _, err := parseUnderWay(http.Header{headerUnderWay: {text}}); err == nil {
			t.Errorf("%q is believed", text)
		}
	}
}

// Instances are those of the worker that was picked: each worker starts its own, once.
func TestPickedWorkersHaveInstances(t *testing.T) {
	c := newCluster(t, Shared)
	jobs := []workload.Job{{Name: "j", Tasks: []workload.Task{
		{Function: "f"}, {Function: "f", After: []int{0}}, {Function: "f", After: []int{1}}, {Function: "f", After: []int{2}},
	}}}
	r := rule(plan.External)
	r.Lives = func(string, topology.ID) *instance.Spec {
		return &instance.Spec{Limits: instance.Limits{Max: 1, Concurrency: 1, KeepAlive: time.Minute},
			Start: instance.Distribution{Median: 5 * time.Millisecond}}
	}
	p := r.Build(jobs, 0, placed(1, 1, 1, 1), plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
	turns, err := dispatch.Rules.Find(catalogue.New(dispatch.Section()), "round-robin")
	if err != nil {
		t.Fatal(err)
	}
	p.Dispatched(turns.Of(nil, 0), 1, func(*plan.Invocation) []topology.ID { return []topology.ID{1, 2} })
	spec, err := NewChainSpec(p, c.addr, "run/external/0")
	if err != nil {
		t.Fatal(err)
	}
	c.tell(t, spec)
	result, err := c.client(0).Run(t.Context(), spec)
	if err != nil || result.Error != "" {
		t.Fatal(err, result)
	}
	var cold []bool
	for _, s := range result.Steps {
		if s.Role == plan.Start {
			cold = append(cold, s.Started > 0)
		}
	}
	if want := []bool{true, true, false, false}; !slices.Equal(cold, want) {
		t.Errorf("cold: %v of workers %v, want %v", cold, result.Workers, want)
	}
	if moved := p.Moved(result.Workers); moved.Invocations[0].Instances.Seed == moved.Invocations[1].Instances.Seed {
		t.Error("starts at two workers are the same")
	}
}
