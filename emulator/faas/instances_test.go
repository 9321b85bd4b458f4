package faas

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/instance"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// scaled are instances of functions that live as limits say, whose starts take so long each.
func scaled(l instance.Limits, start time.Duration) plan.Lives {
	return func(function string, node topology.ID) *instance.Spec {
		seed := instance.For(1, function, int(node))
		return &instance.Spec{Limits: l, Start: instance.Distribution{Median: start}, Seed: seed}
	}
}

// scaledSpecs are chains of the first job, whose instances live so.
func (c *cluster) scaledSpecs(t testing.TB, jobs []workload.Job, r plan.Rule, p *placement.Placement,
	n int,
) []*ChainSpec {
	t.Helper()
	built := r.Build(jobs, 0, p, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
	var all []*ChainSpec
	for i := range n {
		spec, err := NewChainSpec(built, c.addr, fmt.Sprintf("run/%s/%d", r.Model, i))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spec)
	}
	c.tell(t, all...)
	return all
}

// TestFirstInvocationsAreCold: in each model, whoever calls, the first chain waits for a start of each function, the
// next one finds all of them warm, and another model finds none of them.
func TestFirstInvocationsAreCold(t *testing.T) {
	c := newCluster(t, Allotted)
	const start = 20 * time.Millisecond
	try := func(name string, r plan.Rule) {
		r.Lives = scaled(instance.Limits{Max: 2, Concurrency: 1, KeepAlive: time.Hour}, start)
		t.Run(name+"/"+string(r.Model), func(t *testing.T) {
			for i, spec := range c.scaledSpecs(t, job(), r, placed(1, 0, 1, 2), 2) {
				result, lost := c.carryOut(t, spec)
				if result.Error != "" || lost != nil {
					t.Fatalf("error %q, check %v", result.Error, lost)
				}
				want := []int{4, 0}[i]
				if result.Starts() != want {
					t.Errorf("chain %d: %d starts, want %d: %+v", i, result.Starts(), want, result.Steps)
				}
				for _, s := range result.Steps {
					if s.Role == plan.Start && want > 0 && s.Started < start.Nanoseconds() {
						t.Errorf("step %d waited %v for a start of %v", s.Index, time.Duration(s.Started), start)
					}
				}
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	for _, m := range plan.Models {
		try("client", rule(m))
	}
	for _, m := range chainable {
		r, err := rule(m).Orchestrated(plan.Chained)
		if err != nil {
			t.Fatal(err)
		}
		r.Model += "-chained" // others than the client's
		try("chained", r)
	}
}

func TestMinIsWarmFromTheStart(t *testing.T) {
	c := newCluster(t, Allotted)
	r := rule(plan.InEdge)
	r.Lives = scaled(instance.Limits{Min: 1, Max: 1, Concurrency: 1}, time.Hour)
	result, lost := c.carryOut(t, c.scaledSpecs(t, job(), r, placed(1, 2, 1, 2), 1)[0])
	if result.Error != "" || lost != nil || result.Starts() != 0 {
		t.Errorf("error %q, check %v, %d starts", result.Error, lost, result.Starts())
	}
}

// TestScaleToZeroAndBack: chains come at random, with pauses about as long as instances stay. None is lost, functions
// start again and again, an instance serves one at a time, and in the end there is none.
func TestScaleToZeroAndBack(t *testing.T) {
	c := newCluster(t, Allotted)
	const chains, keep = 60, 15 * time.Millisecond
	r := rule(plan.External)
	r.Lives = scaled(instance.Limits{Max: 2, Concurrency: 1, KeepAlive: keep}, 5*time.Millisecond)
	jobs := []workload.Job{{Name: "j", States: []int64{1000}, Tasks: []workload.Task{
		{Function: "f", Ops: 3000, Argument: 10, States: []int{0}},
		{Function: "g", Ops: 1000, Argument: 10, After: []int{0}, States: []int{0}},
	}}}
	p := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1}}}
	random := rand.New(rand.NewPCG(3, 3))
	var work sync.WaitGroup
	results := make([]*ChainResult, chains)
	for i, spec := range c.scaledSpecs(t, jobs, r, p, chains) {
		if err := spec.Seed(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.ExpFloat64() * float64(keep)))
		work.Go(func() {
			result, err := Run(t.Context(), spec, c.client)
			if err == nil && result.Error != "" {
				err = fmt.Errorf("%s", result.Error)
			}
			checks, failed := spec.Check(t.Context(), c.client)
			if err != nil || failed != nil || len(checks) != 1 || checks[0].Err() != nil {
				t.Errorf("chain %d: %v; %v: %+v", i, err, failed, checks)
				return
			}
			results[i] = result
		})
	}
	work.Wait()
	starts, most := 0, 0
	for _, result := range results {
		if result != nil {
			starts += result.Starts()
		}
	}
	for task := range 2 { // how many executions overlap
		var edges [][2]int64
		for _, result := range results {
			if result != nil {
				s := result.Steps[task*len(result.Steps)/2+3]
				edges = append(edges, [2]int64{s.Start, 1}, [2]int64{s.End, -1})
			}
		}
		slices.SortFunc(edges, func(a, b [2]int64) int { return int(a[0] - b[0]) })
		now := 0
		for _, e := range edges {
			now += int(e[1])
			most = max(most, now)
		}
	}
	if starts < 3 || most > 2 {
		t.Errorf("%d starts, and %d at a time", starts, most)
	}
	testenv.Eventually(t, "keep-alive is over, and no instance is left", func() bool {
		s := c.agents[1].Stats().Instances
		if s == nil || s.Ready+s.Starting > 0 {
			return false
		}
		if s.Starts < starts || s.Stopped != s.Starts {
			t.Errorf("%d waited for a start: %+v", starts, s)
		}
		return true
	})
}

func TestInstancesOutOfRangeAreRefused(t *testing.T) {
	c := newCluster(t, Allotted)
	r := rule(plan.InFunction)
	r.Lives = scaled(instance.Limits{Max: 1, Concurrency: 1}, 0)
	spec := c.scaledSpecs(t, job(), r, placed(1, 2, 1, 2), 1)[0]
	spec.Invocations[0].Instances = &instance.Spec{}
	if _, err := c.clients[0].Run(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "max is 0") {
		t.Errorf("%v", err)
	}
	result := &ChainResult{Steps: []StepResult{{Role: plan.Start, Start: 1, End: 2, Started: 2}}}
	if err := result.Steps[0].checkStart(); err == nil {
		t.Error("a start that took longer than the wait for it is accepted")
	}
}

// scaledPrograms are programs whose instances take a while to start.
type scaledPrograms struct {
	goPrograms
	t *testing.T
}

func (p scaledPrograms) starter(string) (instance.Starter, error) {
	return instance.Drawn{Took: func(int) time.Duration { return 10 * time.Millisecond }}, nil
}

func (p scaledPrograms) invoke(ctx context.Context, c *call, argument []byte, s *dapr.Session) ([]byte, error) {
	if leased(ctx) == nil {
		p.t.Errorf("function %s is invoked without an instance", c.function)
	}
	return p.goPrograms.invoke(ctx, c, argument, s)
}

// TestProgramsAreCold: the first chain waits for programs' starts, the second does not, whatever their states do.
// Programs that cannot be started say so.
func TestProgramsAreCold(t *testing.T) {
	jobs := job()
	for k := range jobs[0].Tasks {
		jobs[0].Tasks[k].Program = true
	}
	c := newClusterOf(t, Allotted, nil, scaledPrograms{counter, t})
	for _, m := range plan.Study {
		r := rule(m)
		r.Lives = scaled(instance.Limits{Max: 2, Concurrency: 1, KeepAlive: time.Hour}, 0)
		for i, spec := range c.scaledSpecs(t, jobs, r, placed(1, 1, 1, 1), 2) {
			result, lost := c.carryOut(t, spec)
			if want := []int{4, 0}[i]; result.Error != "" || lost != nil || result.Starts() != want {
				t.Errorf("%s: error %q, check %v, %d starts, want %d", m, result.Error, lost, result.Starts(), want)
			}
		}
	}
	unable := newClusterOf(t, Allotted, nil, goPrograms(counter))
	r := rule(plan.InFunction)
	r.Lives = scaled(instance.Limits{Max: 1, Concurrency: 1}, 0)
	result, _ := unable.carryOut(t, unable.scaledSpecs(t, jobs, r, placed(1, 1, 1, 1), 1)[0])
	if !strings.Contains(result.Error, "always warm") {
		t.Errorf("%q", result.Error)
	}
}
