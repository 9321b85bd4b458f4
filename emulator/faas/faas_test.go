package faas

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

func TestModels(t *testing.T) {
	c := newCluster(t, Allotted)
	places := map[string]*placement.Placement{
		"two workers": placed(1, 2, 1, 2),
		"at home":     placed(0, 0, 1, 0),
		"central":     placed(central, 1, central, cloud),
	}
	for name, p := range places {
		for _, m := range plan.Models {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				spec := c.spec(t, job(), m, p)
				result, lost := c.carryOut(t, spec)
				if result.Error != "" || lost != nil || result.Conflicts != 0 {
					t.Fatalf("error %q, conflicts %d, check %v", result.Error, result.Conflicts, lost)
				}
				verifySteps(t, spec, result)
				allotted := allotted(p)
				if got := result.Processing(); got < allotted {
					t.Errorf("processing took %v, allotted were %v", got, allotted)
				}
				most := allotted + 100*time.Millisecond
				if got := c.until(t, spec, func(r *ChainResult) bool { return r.Processing() <= most }).Processing(); got > most {
					t.Errorf("processing took %v at best, allotted were %v", got, allotted)
				}
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
				for i, a := range c.agents {
					if n := a.Stats().States; n != 0 {
						t.Errorf("agent %d keeps %d states", i, n)
					}
				}
			})
		}
	}
}

// verifySteps checks that the measured steps are complete and follow each other.
func verifySteps(t *testing.T, spec *ChainSpec, r *ChainResult) {
	t.Helper()
	if len(r.Steps) != spec.Steps {
		t.Fatalf("%d steps measured of %d", len(r.Steps), spec.Steps)
	}
	at := r.Start
	var sum time.Duration
	for i, s := range r.Steps {
		if s.Index != i || s.Start < at || s.End < s.Start || s.End > r.End {
			t.Errorf("step %d: %+v does not follow the one before, which ended at %d", i, s, at)
		}
		if s.Remote != 0 && (s.Remote < s.Start || s.Remote > s.End) {
			t.Errorf("step %d: the repository's moment is not in between: %+v", i, s)
		}
		at = s.End
		sum += s.Duration()
	}
	if r.Network()+r.Processing() != sum || r.Latency() < sum {
		t.Errorf("network %v, processing %v, latency %v, sum of steps %v", r.Network(), r.Processing(), r.Latency(), sum)
	}
}

// allotted is what the executions of job take where they are placed.
func allotted(p *placement.Placement) time.Duration {
	sum := time.Duration(0)
	for i, ops := range []int64{2000, 1000, 0, 1000} {
		sum += time.Duration(ops) * time.Microsecond * time.Duration(max(p.Load[p.Node[0][i]], 1))
	}
	return sum
}

func TestForgottenBumpIsDetected(t *testing.T) {
	for _, m := range plan.Study {
		t.Run(string(m), func(t *testing.T) {
			forgets := func(_ string, _ []byte, version int64, sum uint32) (int64, uint32, error) {
				return version, sum, nil // the second worker does not change its states
			}
			c := newClusterWhere(t, Allotted, map[int]changer{2: forgets})
			result, lost := c.carryOut(t, c.spec(t, job(), m, placed(1, 2, 1, 2)))
			if lost == nil || !strings.Contains(lost.Error(), "state lost: state 0: want version 3, have 1") {
				t.Errorf("error %q, check: %v", result.Error, lost)
			}
		})
	}
}

func TestWrongContentIsDetected(t *testing.T) {
	spoils := func(key string, data []byte, version int64, sum uint32) (int64, uint32, error) {
		data[len(data)-1]++ // one byte of a version that looks right, with a checksum that fits
		return nextVersion(key, data, version, checksum(data))
	}
	c := newClusterWhere(t, Allotted, map[int]changer{2: spoils})
	_, lost := c.carryOut(t, c.spec(t, job(), plan.External, placed(1, 2, 1, 2)))
	if lost == nil || !strings.Contains(lost.Error(), "its content is not that of version 3") {
		t.Errorf("check: %v", lost)
	}
}

func TestRestartedRepositoryIsDetected(t *testing.T) {
	for _, warm := range []bool{false, true} {
		c := newCluster(t, Allotted)
		spec := c.spec(t, job(), plan.External, placed(1, 2, 1, 2))
		if err := spec.Seed(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		if warm {
			for _, p := range spec.Pairs() {
				if err := c.client(p.From).Warm(t.Context(), []WarmSpec{{Address: p.Address, Connections: 3}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.restart(t, cloud)
		result, err := c.client(0).Run(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		missing := warm || strings.Contains(result.Error, "there is no such state")
		if !missing || !strings.Contains(result.Error, "repository") {
			t.Errorf("warm %v: error %q", warm, result.Error)
		}
		if lost := c.check(t, spec); lost == nil || !strings.Contains(lost.Error(), "want version 3, have 0") {
			t.Errorf("warm %v: check: %v", warm, lost)
		}
		// The second worker learns of it as well; then all is as before.
		c.carryOut(t, spec)
		if result, lost := c.carryOut(t, spec); result.Error != "" || lost != nil {
			t.Errorf("warm %v: afterwards: error %q, check %v", warm, result.Error, lost)
		}
	}
}

// restart ends an agent and starts it again at the same sockets.
func (c *cluster) restart(t *testing.T, i int) {
	t.Helper()
	config := c.agents[i].config
	config.Listen = c.agents[i].Addr().String()
	if err := c.agents[i].Close(); err != nil {
		t.Fatal(err)
	}
	a, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	c.agents[i] = a
}

func TestUnreachableWorkerIsAnError(t *testing.T) {
	c := newCluster(t, Allotted)
	spec := c.spec(t, job(), plan.InClient, placed(1, 2, 1, 2))
	c.agents[2].Close()
	result, lost := c.carryOut(t, spec)
	if !strings.Contains(result.Error, "invocation 1") || !strings.Contains(result.Error, "refused") || lost == nil {
		t.Errorf("error %q, check %v", result.Error, lost)
	}
	if len(result.Steps) != 3 {
		t.Errorf("%d steps were measured; want those of the first invocation", len(result.Steps))
	}
}

// diamond is a DAG whose two branches change the same state at the same time.
func diamond(shared bool) []workload.Job {
	jobs := []workload.Job{{Name: "d", States: []int64{5000, 5000}, Result: 10, Tasks: []workload.Task{
		{Function: "a", Argument: 10, States: []int{0, 1}},
		{Function: "b", Ops: 60_000, Argument: 10, After: []int{0}, States: []int{0}},
		{Function: "c", Ops: 60_000, Argument: 10, After: []int{0}, States: []int{1}},
		{Function: "d", Argument: 10, After: []int{1, 2}, States: []int{0, 1}},
	}}}
	if shared {
		jobs[0].Tasks[2].States = []int{0}
	}
	return jobs
}

func TestBranchesRunAtTheSameTime(t *testing.T) {
	c := newCluster(t, Allotted)
	for _, m := range plan.Study {
		result := c.until(t, c.spec(t, diamond(false), m, placed(1, 1, 2, 1)), func(r *ChainResult) bool {
			return r.Latency() <= 200*time.Millisecond
		})
		if result.Processing() < 240*time.Millisecond || result.Latency() > 200*time.Millisecond {
			t.Errorf("%s: processing %v within %v: the branches do not overlap", m, result.Processing(), result.Latency())
		}
	}
}

// Where a plan lets branches send and get back one state at the same time, which none of the models' does, an update is
// lost, and noticed.
func TestLostUpdateIsDetected(t *testing.T) {
	c := newCluster(t, Allotted)
	spec := c.spec(t, diamond(true), plan.InClient, placed(1, 1, 2, 1))
	spec.Invocations[2].After = []int{0}
	var result *ChainResult
	var lost error
	for range 30 { // the branches overlap unless the machine holds one of them up
		if result, lost = c.carryOut(t, spec); result.Conflicts > 0 || result.Error != "" {
			break
		}
	}
	if result.Error != "" || result.Conflicts != 1 {
		t.Errorf("error %q, conflicts %d", result.Error, result.Conflicts)
	}
	if lost == nil || !strings.Contains(lost.Error(), "state lost: state 0: want version 4, have 3") {
		t.Errorf("check: %v", lost)
	}
}

func TestCancelEndsChain(t *testing.T) {
	c := newCluster(t, Allotted)
	jobs := job()
	jobs[0].Tasks[1].Ops = 60_000_000 // two minutes
	spec := c.spec(t, jobs, plan.InFunction, placed(1, 2, 1, 2))
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := c.client(0).Run(ctx, spec); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestPlansThatCannotBeCarriedOut(t *testing.T) {
	address := func(topology.ID) netip.AddrPort { return netip.MustParseAddrPort("10.0.0.1:8080") }
	sites := plan.Sites{Cloud: cloud, Central: central}
	byClient := rule(plan.External).Build(job(), 0, placed(1, 2, 1, 2), sites, plan.ByClient)
	byClient.Steps[byClient.Invocations[0].Steps[0]].To = 1 // the read is charged to the worker
	chained := rule(plan.InFunction).Build(job(), 0, placed(1, 2, 1, 2), sites, plan.ByWorker)
	chained.Invocations[1].Caller = 1
	propagate := rule(plan.StatePropagate).Build(job(), 0, placed(1, 2, 1, 2), sites, plan.ByWorker)
	propagate.Invocations = nil
	local := rule(plan.StateLocal).Build(job(), 0, placed(1, 2, 1, 2), sites, plan.ByWorker)
	local.Messages = nil
	refused := map[string]*plan.Plan{
		"client charged": byClient, "chained": chained, "without invocations": propagate, "without messages": local,
	}
	for name, p := range refused {
		if _, err := NewChainSpec(p, address, "k"); !errors.Is(err, ErrNotSupported) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	good := rule(plan.InFunction).Build(job(), 0, placed(1, 2, 1, 2), sites, plan.ByWorker)
	for _, key := range []string{"", "a b", "/a", "a/", "a//b", "../a", "a?b", "ä"} {
		if _, err := NewChainSpec(good, address, key); err == nil {
			t.Errorf("key %q is accepted", key)
		}
	}
}

func TestWarm(t *testing.T) {
	c := newCluster(t, Allotted)
	spec := c.spec(t, job(), plan.External, placed(1, 2, 1, 2))
	if n := len(spec.Pairs()); n != 4 {
		t.Fatalf("%d connections; want client to two workers, and two workers to the cloud: %v", n, spec.Pairs())
	}
	for _, p := range spec.Pairs() {
		for range 2 { // the second time there is nothing to do
			warm := []WarmSpec{{Address: p.Address, Connections: 3, Bytes: 200_000}}
			if err := c.client(p.From).Warm(t.Context(), warm); err != nil {
				t.Fatal(err)
			}
		}
	}
	result, _ := c.carryOut(t, spec)
	if result.Cold != 0 || c.agents[0].Stats().Dials != 6 || c.agents[1].Stats().Dials != 3 {
		t.Errorf("cold %d, dials %+v", result.Cold, c.agents[0].Stats())
	}
	if err := c.client(0).Warm(t.Context(), []WarmSpec{{Address: "127.0.0.1:1"}}); err == nil {
		t.Error("warming an address where nobody listens succeeds")
	}
}

func TestSharedCompute(t *testing.T) {
	c := newCluster(t, Shared)
	result := c.until(t, c.spec(t, diamond(false), plan.InFunction, placed(1, 1, 1, 1)), func(r *ChainResult) bool {
		return r.Latency() <= 300*time.Millisecond
	})
	// Two tasks of 60 ms at one node take 120 ms together.
	if took := result.Latency(); took < 115*time.Millisecond || took > 300*time.Millisecond {
		t.Errorf("two tasks of 60 ms shared a node and took %v", took)
	}
}
