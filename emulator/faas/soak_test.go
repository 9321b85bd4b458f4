package faas

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// wide is a job of ten layers of twenty tasks each. A task waits for three of the layer before, and each fifth task of
// a layer changes the same state of eight.
func wide() workload.Job {
	const layers, width, states = 10, 20, 8
	job := workload.Job{Name: "wide", Result: 100, States: slices.Repeat([]int64{20_000}, states)}
	for layer := range layers {
		for i := range width {
			task := workload.Task{Function: "f", Ops: 500, Argument: 3000, States: []int{(layer + i) % states}}
			if layer > 0 {
				before := (layer - 1) * width
				task.After = []int{before + i, before + (i+1)%width, before + (i+7)%width}
				slices.Sort(task.After)
			}
			job.Tasks = append(job.Tasks, task)
		}
	}
	return job
}

// Eight users have the job of 200 tasks carried out again and again, in one model after the other: nothing hangs, no
// state is lost, and nothing grows. TB_SOAK says how long, such as 5m; a few seconds else.
func TestSoak(t *testing.T) {
	const users = 8
	lasting := 3 * time.Second
	if text := os.Getenv("TB_SOAK"); text != "" {
		var err error
		if lasting, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	c := newCluster(t, Allotted)
	jobs := []workload.Job{wide()}
	nodes := make([]topology.ID, jobs[0].Length())
	for i := range nodes {
		nodes[i] = topology.ID(i % 5)
	}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
	var plans []*plan.Plan
	for _, v := range variants {
		plans = append(plans, rule(v.model).Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, v.access))
	}
	var before, after runtime.MemStats
	var number, retries atomic.Int64
	round := func(until time.Time) {
		var wait sync.WaitGroup
		for range users {
			wait.Go(func() {
				for n := number.Add(1); time.Now().Before(until); n = number.Add(1) {
					retries.Add(int64(c.soak(t, plans[int(n)%len(plans)], fmt.Sprintf("soak/%d", n))))
				}
			})
		}
		wait.Wait()
	}
	begin := time.Now()
	round(begin.Add(lasting / 3)) // pools and connections are filled
	runtime.GC()
	runtime.ReadMemStats(&before)
	routines := runtime.NumGoroutine()
	round(begin.Add(lasting))
	runtime.GC()
	runtime.ReadMemStats(&after)
	for i, a := range c.agents {
		if s := a.Stats(); s.Bytes != 0 || s.States != 0 {
			t.Errorf("agent %d still has %d states and %d bytes", i, s.States, s.Bytes)
		}
	}
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if more := runtime.NumGoroutine() - routines; grown > 32<<20 || more > 200 {
		t.Errorf("the heap grew by %d bytes, from %d, and there are %d goroutines more than %d",
			grown, before.HeapAlloc, more, routines)
	}
	t.Logf("%d jobs of 200 tasks in %v, %d retries; heap %d kB, then %d kB; goroutines %d, then %d", number.Load()-2*users,
		lasting, retries.Load(), before.HeapAlloc>>10, after.HeapAlloc>>10, routines, runtime.NumGoroutine())
}

// soak carries a plan out once, and returns how often something was repeated.
func (c *cluster) soak(t *testing.T, p *plan.Plan, key string) int {
	spec, err := NewChainSpec(p, c.addr, key)
	if err != nil {
		t.Error(err)
		return 0
	}
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Error(err)
		return 0
	}
	result, err := c.client(spec.Client).Run(t.Context(), spec)
	if err != nil || result.Error != "" || len(result.Steps) != len(p.Steps) {
		t.Errorf("%s: %v, %+v", p.Model, err, result)
		return 0
	}
	checks, err := spec.Check(t.Context(), c.client)
	for _, check := range checks {
		if err == nil {
			err = check.Err()
		}
	}
	if err == nil {
		err = spec.Clean(t.Context(), c.client)
	}
	if err != nil {
		t.Errorf("%s: %v", p.Model, err)
	}
	return result.Retries()
}
