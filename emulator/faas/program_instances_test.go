package faas

import (
	"context"
	"errors"
	"testing"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
)

// scaledPrograms are programs of one instance together, which takes a while to start.
type scaledPrograms struct {
	goPrograms
	pool *instance.Pool
}

func (p *scaledPrograms) occupy(ctx context.Context, _ *call) (*instance.Lease, error) {
	return p.pool.Acquire(ctx)
}

func (p *scaledPrograms) invoke(ctx context.Context, c *call, argument []byte, s *dapr.Session) ([]byte, error) {
	if c.lease == nil {
		return nil, errors.New("it occupies no instance")
	}
	return p.goPrograms.invoke(ctx, c, argument, s)
}

// A program's invocation waits for an instance before its states are read, in a step of its own.
func TestProgramsWaitForInstances(t *testing.T) {
	const start = 30 * time.Millisecond
	limits := instance.Limits{Max: 1, Concurrency: 1, KeepAlive: time.Hour}
	for _, m := range plan.Study {
		pool, err := instance.NewPool(limits, instance.Drawn{
			Took:  func(int) time.Duration { return start },
			Sleep: func(d time.Duration, _ <-chan struct{}) bool { time.Sleep(d); return true },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		c := newClusterOf(t, Allotted, nil, &scaledPrograms{counter, pool})
		jobs := job()
		for i := range jobs[0].Tasks {
			jobs[0].Tasks[i].Program = true
		}
		r := rule(m)
		r.Lives = scaled(limits, start)
		spec := c.scaledSpecs(t, jobs, r, placed(1, 1, 1, 1), 1)[0]
		result, lost := c.carryOut(t, spec)
		if result.Error != "" || lost != nil || result.Starts() != 1 {
			t.Fatalf("%s: error %q, check %v, %d starts", m, result.Error, lost, result.Starts())
		}
		if len(result.Steps) != spec.Steps {
			t.Errorf("%s: %d steps measured of %d", m, len(result.Steps), spec.Steps)
		}
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		c.left(t)
	}
	c := newClusterOf(t, Allotted, nil, goPrograms(counter))
	r := rule(plan.InEdge)
	r.Lives = scaled(limits, start)
	jobs := job()
	for i := range jobs[0].Tasks {
		jobs[0].Tasks[i].Program = true
	}
	if result, _ := c.carryOut(t, c.scaledSpecs(t, jobs, r, placed(1, 1, 1, 1), 1)[0]); result.Error == "" {
		t.Error("instances that nobody starts are waited for")
	}
}
