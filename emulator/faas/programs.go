package faas

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/function"
	"testbed/emulator/faas/instance"
	"testbed/emulator/topology"
)

// launcher starts instances of programs: as processes of the node, or as containers beside it.
type launcher interface {
	Start(ctx context.Context, p *function.Program) (*function.Instance, error)
}

// installed are the user's programs that this agent was told of. It executes no others.
type installed struct {
	launcher launcher
	node     string
	budget   *budget

	installing sync.Mutex     // one list at a time
	ending     sync.WaitGroup // instances that were retired
	mu         sync.Mutex
	all        map[string]*own // by function
	invoked    atomic.Int64    // for the invocations' IDs
}

// installPrograms makes the agent ready for programs; own are others than those that it is told of, in tests.
func (a *Agent) installPrograms(own programs) {
	a.beside = &function.Beside{Node: a.config.Node}
	process := &function.Launcher{Node: a.config.Node, Log: os.Stderr, Free: a.limits.free || os.Geteuid() != 0}
	if a.config.Control != "" {
		process.Hide = []string{filepath.Dir(a.config.Control)}
	}
	a.installed = &installed{launcher: launchers{process, a.beside}, node: a.config.Node, budget: a.pools.budget}
	if a.programs = own; own == nil {
		a.programs = a.installed
	}
}

// own is a program of this agent.
type own struct {
	program *function.Program
	pool    *instance.Pool // of the instance that is always warm; nil: the calls say how instances live, or it stands by
	last    lastStart
}

// starter implements startable.
func (p *installed) starter(function string) (instance.Starter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.all[function]; one != nil {
		return launched{p.launcher, one.program, &one.last}, nil
	}
	return nil, unknown(function)
}

// unknown is that the agent was not told of a program.
func unknown(function string) error {
	return fmt.Errorf("function %s is a program, and this agent was told of none of that name", function)
}

// maxPrograms bounds the programs of one node.
const maxPrograms = 10_000

// warmInstances are those of a function that is always warm: one, which takes all invocations.
var warmInstances = instance.Limits{Min: 1, Max: 1, Concurrency: instance.MostConcurrency}

// launched starts the instances of one program.
type launched struct {
	launcher launcher
	program  *function.Program
	last     *lastStart
}

// Start starts one.
func (l launched) Start(ctx context.Context) (instance.Instance, error) {
	l.last.begin(time.Now())
	i, err := l.launcher.Start(ctx, l.program)
	if err != nil {
		return nil, err
	}
	l.last.end(time.Now())
	return i, nil
}

// install takes the place of what was installed before, and returns when each program has an instance that is ready.
func (p *installed) install(ctx context.Context, programs []function.Program) (err error) {
	p.installing.Lock()
	defer p.installing.Unlock()
	p.close()
	all := map[string]*own{}
	defer func() {
		if err != nil {
			closeAll(all)
		}
	}()
	if len(programs) > maxPrograms {
		return fmt.Errorf("%d programs; a node takes %d at most", len(programs), maxPrograms)
	}
	for i := range programs {
		one := &programs[i]
		if err := one.Validate(); err != nil {
			return err
		}
		if all[one.Name] != nil {
			return fmt.Errorf("function %s is there twice", one.Name)
		}
		all[one.Name] = &own{program: one}
		if one.Scaled || one.Standby {
			continue
		}
		if err := all[one.Name].begin(p.launcher); err != nil {
			return err
		}
	}
	for _, one := range all {
		if one.pool == nil {
			continue
		}
		if err := one.pool.Warm(ctx); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = all
	return nil
}

// begin begins to start the instance that is always warm, unless it was begun with.
func (o *own) begin(l launcher) error {
	if o.pool != nil {
		return nil
	}
	o.last.begin(time.Now())
	pool, err := instance.NewPool(warmInstances, launched{l, o.program, &o.last})
	if err != nil {
		return fmt.Errorf("function %s: %w", o.program.Name, err)
	}
	o.pool = pool
	return nil
}

// rouse begins to start those of the functions that stand by, and returns what they are started in.
func (p *installed) rouse(functions []string) (pools []*instance.Pool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range functions {
		one := p.all[name]
		if one == nil || one.program.Scaled {
			continue
		}
		if err := one.begin(p.launcher); err != nil {
			return nil, err
		}
		pools = append(pools, one.pool)
	}
	return pools, nil
}

// ready returns when each of the functions that is a program has an instance which is ready, or can start one.
func (p *installed) ready(ctx context.Context, functions []string) error {
	pools, err := p.rouse(functions)
	for _, pool := range pools {
		if err == nil {
			err = pool.Warm(ctx)
		}
	}
	return err
}

// close ends all instances.
func (p *installed) close() {
	p.mu.Lock()
	all := p.all
	p.all = nil
	p.mu.Unlock()
	closeAll(all)
	p.ending.Wait()
}

func closeAll(all map[string]*own) {
	var wait sync.WaitGroup
	for _, one := range all {
		if one.pool != nil {
			wait.Go(one.pool.Close)
		}
	}
	wait.Wait()
}

// invoke implements programs.
func (p *installed) invoke(ctx context.Context, c *call, argument []byte, session *dapr.Session) ([]byte, error) {
	if lease := leased(ctx); lease != nil { // released by who has taken it
		return p.invokeIn(ctx, lease, c, argument, session)
	}
	for {
		pools, err := p.rouse([]string{c.function})
		if err == nil && len(pools) == 0 {
			err = unknown(c.function)
		}
		if err != nil {
			return nil, err
		}
		lease, err := pools[0].Acquire(ctx)
		if err != nil {
			return nil, fmt.Errorf("function %s on node %s: waiting for an instance: %w", c.function, p.node, err)
		}
		result, err := p.invokeIn(ctx, lease, c, argument, session)
		lease.Release()
		if !errors.Is(err, function.ErrBefore) || ctx.Err() != nil {
			return result, err
		}
		time.Sleep(time.Millisecond) // until the pool knows that this one is gone
	}
}

// invokeIn has the instance of a lease serve an invocation.
func (p *installed) invokeIn(
	ctx context.Context, lease *instance.Lease, c *call, argument []byte, session *dapr.Session,
) ([]byte, error) {
	var taken int64
	result, err := lease.Instance.(*function.Instance).Invoke(ctx, &function.Invocation{
		ID:       fmt.Sprintf("%s/%d/%d", c.key, c.task, p.invoked.Add(1)),
		Source:   "/testbed/" + c.key,
		Argument: argument,
		Lengths:  c.lengths,
		State:    session,
		Most:     min(maxBody, p.budget.total/4),
		Room: func(n int64) error {
			if !p.budget.try(n) {
				return p.budget.full(n)
			}
			taken += n
			return nil
		},
	})
	if err != nil {
		p.budget.giveBack(taken)
		return nil, err
	}
	c.kept = taken
	return result, nil
}

// Candidates are the nodes of which one executes an invocation: that of its placement, or a dispatcher's choice.
func (s *ChainSpec) Candidates(inv *InvocationSpec) []topology.ID {
	all := []topology.ID{inv.Node}
	for _, c := range s.pool(inv) {
		if c.Node != inv.Node {
			all = append(all, c.Node)
		}
	}
	return all
}
