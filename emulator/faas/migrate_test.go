package faas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
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

// movingLoad are chains in model in-function whose instances can move: DAGs, whose branches contest states, and of each
// the first state outlives it and is all chains'.
type movingLoad struct {
	*cluster
	run       string
	specs     []*ChainSpec
	instances []Stateful
	touched   map[topology.ID]*atomic.Int64 // by node: changes of the lasting state that is placed there
}

const lastingKey = "lasting/0"

func newMovingLoad(t *testing.T, c *cluster, run string, chains int) *movingLoad {
	t.Helper()
	return newMovingLoadAt(t, c, c.addr, run, chains)
}

// newMovingLoadAt is newMovingLoad with agents at other addresses than their own.
func newMovingLoadAt(
	t *testing.T, c *cluster, addr func(topology.ID) netip.AddrPort, run string, chains int,
) *movingLoad {
	t.Helper()
	m := &movingLoad{cluster: c, run: run, touched: map[topology.ID]*atomic.Int64{}}
	r := rand.New(rand.NewPCG(7, 16))
	for i := range chains {
		jobs := []workload.Job{randomJob(r, 12, i%4 == 0)}
		jobs[0].States = append([]int64{3000}, jobs[0].States...)
		for k := range jobs[0].Tasks {
			task := &jobs[0].Tasks[k]
			task.Ops %= 300
			for s := range task.States {
				task.States[s]++
			}
			task.States = slices.DeleteFunc(task.States, func(s int) bool { return s%3 != k%3 }) // each is one function's
			if k%3 == 0 {
				task.States = append([]int{0}, task.States...)
			}
		}
		nodes := make([]topology.ID, jobs[0].Length())
		for k := range nodes {
			nodes[k] = topology.ID(r.IntN(3)) // the client's own among them
		}
		place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
		p := rule(plan.InFunction).Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
		for k := range p.Invocations {
			for s := range p.Invocations[k].States {
				if a := &p.Invocations[k].States[s]; a.State == 0 {
					a.Contested = true // by other chains
				}
			}
		}
		spec, err := NewChainSpec(p, addr, fmt.Sprintf("%s/%d", run, i))
		if err != nil {
			t.Fatal(err)
		}
		spec.Lasting = []string{run + "/" + lastingKey}
		m.specs = append(m.specs, spec)
	}
	m.instances = NameInstances(run+"/", m.specs)
	for i := range m.instances {
		if err := c.client(m.instances[i].Origin).Declare(t.Context(), m.instances[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, spec := range m.specs {
		for _, p := range spec.LastingPlaces() {
			if m.touched[p.Node] == nil {
				m.touched[p.Node] = &atomic.Int64{}
				if err := SeedAt(t.Context(), c.client, p.Node, p.Stateful, p.Key, p.Bytes); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return m
}

// once carries a chain out under a key of its own, and checks it.
func (m *movingLoad) once(ctx context.Context, spec ChainSpec, key string) error {
	spec.Key = key
	if err := spec.Seed(ctx, m.client); err != nil {
		return fmt.Errorf("seeding: %w", err)
	}
	result, err := Run(ctx, &spec, m.client)
	if err == nil && result.Error != "" {
		err = errors.New(result.Error)
	}
	if err != nil {
		return err
	}
	for _, p := range spec.LastingPlaces() {
		m.touched[p.Node].Add(int64(p.Touches))
	}
	checks, err := spec.Check(ctx, m.client)
	for _, check := range checks {
		err = errors.Join(err, check.Err())
	}
	return errors.Join(err, spec.Clean(ctx, m.client))
}

// lasting checks the states that outlive chains.
func (m *movingLoad) lasting(t *testing.T) {
	t.Helper()
	seen := map[topology.ID]bool{}
	for _, spec := range m.specs {
		for _, p := range spec.LastingPlaces() {
			if seen[p.Node] {
				continue
			}
			seen[p.Node] = true
			v, err := CheckAt(t.Context(), m.client, p.Node, p.Stateful, p.Key)
			if want := m.touched[p.Node].Load(); err != nil || v.Version != want || !v.Intact {
				t.Errorf("the lasting state of node %d: %+v, %v; want version %d", p.Node, v, err, want)
			}
		}
	}
}

// clean forgets all, and finds nothing left.
func (m *movingLoad) clean(t *testing.T) {
	t.Helper()
	for _, c := range m.clients {
		if err := c.Clean(t.Context(), m.run+"/"); err != nil {
			t.Error(err)
		}
	}
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, at := range []string{"faas.(*resident)", "faas.(*move)", "faas.(*line)", "faas.(*Agent).invoke"} {
		if bytes.Contains(stacks, []byte(at)) {
			t.Errorf("a goroutine is still in %s", at)
		}
	}
	for i, a := range m.agents {
		if s := a.Stats(); s.Bytes != 0 || s.States != 0 {
			t.Errorf("agent %d still has %d states and %d bytes", i, s.States, s.Bytes)
		}
		if all := a.residents.list(); len(all) > 0 || len(a.residents.byKey) > 0 || len(a.routes.all) > 0 {
			t.Errorf("agent %d still knows %d instances, %d keys, %d routes", i, len(all), len(a.residents.byKey),
				len(a.routes.all))
		}
	}
}

// move moves an instance to a random other node.
func (m *movingLoad) move(ctx context.Context, r *rand.Rand) (*Moved, error) {
	one := m.instances[r.IntN(len(m.instances))]
	to := topology.ID(r.IntN(len(m.agents)))
	order := Move{ID: one.ID, To: to, Address: m.addr(to).String(), Method: []string{StopAndCopy, PreCopy}[r.IntN(2)]}
	_, moved, err := MoveAt(ctx, m.client, func(id topology.ID) string { return m.addr(id).String() }, one.Origin, order)
	return moved, err
}

// 1,000 moves at random instants, of instances whose chains are under way, in both ways: nothing is lost, nothing
// executed twice, and nothing left over.
func TestThousandMoves(t *testing.T) {
	moves := int64(1000)
	if testing.Short() {
		moves = 100
	}
	c := newCluster(t, Allotted)
	m := newMovingLoad(t, c, "run/in-function", 24)
	if len(m.instances) < 2 {
		t.Fatalf("%d instances", len(m.instances))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wait sync.WaitGroup
	var chains, held atomic.Int64
	for user := range 4 {
		wait.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				spec := m.specs[(user+n*4)%len(m.specs)]
				if err := m.once(t.Context(), *spec, fmt.Sprintf("%s/%d-%d", m.run, user, n)); err != nil {
					t.Errorf("chain %d of user %d: %v", n, user, err)
					stop()
				}
				chains.Add(1)
			}
		})
	}
	var movers sync.WaitGroup
	var done, copied atomic.Int64
	for mover := range uint64(4) {
		movers.Go(func() {
			r := rand.New(rand.NewPCG(mover, 2))
			for done.Load() < moves && ctx.Err() == nil {
				moved, err := m.move(t.Context(), r)
				if err != nil {
					if !errors.Is(err, errConflict) {
						t.Error(err)
						return
					}
					continue // it is there already, or on its way
				}
				if moved.Undone != "" || moved.Served < moved.Held || moved.Held == 0 {
					t.Errorf("%+v", moved)
				}
				done.Add(1)
				held.Add(int64(len(moved.Delays)))
				copied.Add(int64(len(moved.Rounds) - 1))
				time.Sleep(time.Duration(r.Int64N(int64(2 * time.Millisecond))))
			}
		})
	}
	movers.Wait()
	stop()
	wait.Wait()
	m.lasting(t)
	states := 0
	for _, a := range m.agents {
		states += a.Stats().States
	}
	if states != len(m.touched) {
		t.Errorf("%d states are there, not %d: those that outlive the chains", states, len(m.touched))
	}
	m.clean(t)
	if done.Load() < moves || held.Load() == 0 || copied.Load() == 0 || copied.Load() == done.Load() {
		t.Errorf("%d moves, %d delayed invocations, %d rounds before the last", done.Load(), held.Load(), copied.Load())
	}
	t.Logf("%d moves, %d chains, %d delayed invocations; %d goroutines", done.Load(), chains.Load(), held.Load(),
		runtime.NumGoroutine())
}
