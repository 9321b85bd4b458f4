package faas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
)

// maxFleets bounds the functions of all models that have instances on a node at a time.
const maxFleets = 10_000

// fleetKey tells the instances of functions apart. Those of one model of a run are not another's: each begins with none
// but Min, so that all meet the same.
type fleetKey struct {
	series   string // the chains' keys but for their numbers: run and model
	function string
	spec     instance.Spec
}

// fleet is the instances of a function.
type fleet struct {
	*instance.Pool
	warmed atomic.Bool // those of Min have been waited for
}

// fleets are the functions that have instances on the node. The zero value is ready.
type fleets struct {
	mu     sync.Mutex
	all    map[fleetKey]*fleet
	closed bool
}

// of gives the instances for a call, which has a specification. Those of other models end where nobody uses them.
func (f *fleets) of(c *call, starter func(c *call) (instance.Starter, error)) (*fleet, error) {
	key := fleetKey{seriesOf(c.key), c.function, *c.instances}
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.all[key]; one != nil {
		return one, nil
	}
	if f.closed {
		return nil, instance.ErrClosed
	}
	for other, pool := range f.all {
		if s := pool.Stats(); other.series != key.series && s.Busy+s.Waiting == 0 {
			delete(f.all, other)
			go pool.Close()
		}
	}
	if len(f.all) >= maxFleets {
		return nil, fmt.Errorf("%d functions have instances: %w", maxFleets, errFull)
	}
	starts, err := starter(c)
	if err != nil {
		return nil, err
	}
	pool, err := instance.NewPool(key.spec.Limits, starts)
	if err != nil {
		return nil, err
	}
	if f.all == nil {
		f.all = map[fleetKey]*fleet{}
	}
	one := &fleet{Pool: pool}
	f.all[key] = one
	return one, nil
}

// warm waits, the first time, for the instances of Min. Where one of them could not be started, who needs it starts
// another, and is told why that fails.
func (f *fleet) warm(ctx context.Context) {
	if f.warmed.Load() {
		return
	}
	if err := f.Warm(ctx); err == nil || ctx.Err() == nil {
		f.warmed.Store(true)
	}
}

// close ends all instances, for good.
func (f *fleets) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.reset()
}

// reset ends all instances.
func (f *fleets) reset() {
	f.mu.Lock()
	all := f.all
	f.all = nil
	f.mu.Unlock()
	for _, one := range all {
		one.Close()
	}
}

// stats add the counters of all functions up; nil: there are none.
func (f *fleets) stats() *instance.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == 0 {
		return nil
	}
	sum := &instance.Stats{}
	for _, one := range f.all {
		s := one.Stats()
		sum.Add(&s)
	}
	return sum
}

// occupied is an instance that an execution has for itself, or one of its slots.
type occupied struct {
	lease *instance.Lease // nil: the function is always warm
	took  span            // what it waited for it: remote is when the wait for its start began, or end where it was warm
}

// occupy waits for an instance of the call's function, where that is not always warm, and notes when in the reply.
func (a *Agent) occupy(ctx context.Context, c *call, r *reply) (occupied, error) {
	if c.instances == nil {
		return occupied{}, nil
	}
	o := occupied{took: span{start: a.clock.moment()}}
	one, err := a.fleets.of(c, a.starterOf)
	if err == nil {
		one.warm(ctx)
		o.lease, err = one.Acquire(ctx)
	}
	if err != nil {
		return o, fmt.Errorf("waiting for an instance: %w", err)
	}
	o.took.end = a.clock.moment()
	o.took.remote = max(o.took.start, o.took.end-o.lease.Started.Nanoseconds())
	r.times = append(r.times, o.took.start, o.took.end, o.took.remote)
	return o, nil
}

// leaseKey is the context key of the instance that a program's invocation has.
type leaseKey struct{}

// with hands the instance on to who invokes a program.
func (o *occupied) with(ctx context.Context) context.Context {
	if o.lease == nil {
		return ctx
	}
	return context.WithValue(ctx, leaseKey{}, o.lease)
}

// leased is the instance that an invocation has; nil: its function is always warm.
func leased(ctx context.Context) *instance.Lease {
	lease, _ := ctx.Value(leaseKey{}).(*instance.Lease)
	return lease
}

// release gives the instance back.
func (o *occupied) release() {
	if o.lease != nil {
		o.lease.Release()
	}
}

// step is the wait as a step of the plan.
func (s span) step(index int) StepResult {
	return StepResult{Index: index, Role: plan.Start, Start: s.start, End: s.end, Started: s.end - s.remote}
}

// startable are programs whose instances start and end: what starter returns makes those of a function, and their lease
// is in the context of invoke.
type startable interface {
	starter(function string) (instance.Starter, error)
}

// starterOf starts instances of a call's function: a program's are the programs' to start, a built-in function's take
// the time that a start is to take.
func (a *Agent) starterOf(c *call) (instance.Starter, error) {
	if c.program {
		programs, able := a.programs.(startable)
		if !able {
			return nil, fmt.Errorf("function %s is a program, and those of this agent are always warm", c.function)
		}
		return programs.starter(c.function)
	}
	spec := c.instances
	return instance.Drawn{
		Warm: spec.Min,
		Took: func(n int) time.Duration { return spec.Start.Draw(spec.Seed, n) },
		Sleep: func(d time.Duration, stop <-chan struct{}) bool {
			due := a.clock.now() + d.Nanoseconds()
			done := a.clock.wait(due, stop)
			if done {
				a.punctuality.late(due, a.clock.now())
			}
			return done
		},
	}, nil
}

// withStart puts the wait for an instance among an invocation's steps: after the request, where that is one of them.
func withStart(roles []plan.Role, spec *instance.Spec) []plan.Role {
	if spec == nil {
		return roles
	}
	return slices.Insert(roles, slices.Index(roles, plan.Request)+1, plan.Start)
}

// errStart is what is wrong with a step that tells of a start.
var errStart = errors.New("it tells of an instance's start that it cannot have waited for")

// checkStart holds what a step tells of a start within the step.
func (s *StepResult) checkStart() error {
	if s.Started < 0 || s.Started > max(0, s.End-s.Start) || s.Started > 0 && s.Role != plan.Start {
		return fmt.Errorf("step %d: %w", s.Index, errStart)
	}
	return nil
}
