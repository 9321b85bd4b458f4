package faas

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/faas/function"
	"testbed/emulator/faas/instance"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// launches counts what a launcher starts, which it does not before gate is closed; nil: at once.
type launches struct {
	launcher
	begun atomic.Int64
	gate  chan struct{}
}

// Start implements launcher.
func (c *launches) Start(ctx context.Context, p *function.Program) (*function.Instance, error) {
	c.begun.Add(1)
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return c.launcher.Start(ctx, p)
}

// countStarts lets the agents' starts be counted, by node.
func (c *cluster) countStarts() (all []*launches) {
	for _, a := range c.agents {
		one := &launches{launcher: a.installed.launcher}
		a.installed.launcher = one
		all = append(all, one)
	}
	return all
}

// hands are another process's connections to the agents.
func (c *cluster) hands(t *testing.T) func(topology.ID) *Client {
	t.Helper()
	var all []*Client
	for _, a := range c.agents {
		one := NewClient(a.config.Control)
		t.Cleanup(one.Close)
		all = append(all, one)
	}
	return func(id topology.ID) *Client { return all[id] }
}

// byHand moves an instance as another process than the run's does.
func (c *cluster) byHand(t *testing.T, one *Stateful, to topology.ID) (*Moved, error) {
	t.Helper()
	address := func(id topology.ID) string { return c.addr(id).String() }
	order := Move{ID: one.ID, To: to, Address: address(to), Method: StopAndCopy}
	_, done, err := MoveAt(t.Context(), c.hands(t), address, one.Origin, order)
	return done, err
}

// countingScaled are chains of two programs which count in one state that outlives them, and whose instances live
// within limits.
func countingScaled(t *testing.T, c *cluster, chains int, l instance.Limits) ([]*ChainSpec, *Stateful) {
	t.Helper()
	jobs := []workload.Job{{Name: "j", States: []int64{100}, Tasks: []workload.Task{
		{Function: "f", States: []int{0}, Argument: 9, Program: true},
		{Function: "g", After: []int{0}, States: []int{0}, Argument: 9, Program: true},
	}}}
	r := rule(plan.InFunction)
	r.Lives = scaled(l, 0)
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1}}}
	specs := c.scaledSpecs(t, jobs, r, place, chains)
	for _, spec := range specs {
		spec.Lasting = []string{"run/in-function/lasting/0"}
	}
	named := NameInstances("run/in-function/", specs)
	if len(named) != 1 {
		t.Fatalf("%+v", named)
	}
	if err := c.client(1).Declare(t.Context(), named); err != nil {
		t.Fatal(err)
	}
	at := specs[0].LastingPlaces()[0]
	if err := SeedAt(t.Context(), c.client, at.Node, at.Stateful, at.Key, at.Bytes); err != nil {
		t.Fatal(err)
	}
	return specs, &named[0]
}

// TestScaledProgramsAreMovedByHand: while somebody else moves the instance to and fro, programs whose instances start
// when they are called, and end when they are not, lose nothing, and each of their starts is one that a call has waited
// for. Where instances stay, there is one of each function on a node, however often it comes there.
func TestScaledProgramsAreMovedByHand(t *testing.T) {
	for name, keep := range map[string]time.Duration{"they stay": time.Hour, "they end": 15 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			const chains, nodes = 16, 3
			c := newCluster(t, Allotted)
			started := c.countStarts()
			programs := testPrograms(t, "counts", "f", "g")
			for i := range programs {
				programs[i].Scaled = true
			}
			c.install(t, programs)
			specs, one := countingScaled(t, c, chains, instance.Limits{Max: 1, Concurrency: 1, KeepAlive: keep})
			ctx, stop := context.WithCancel(t.Context())
			var moving sync.WaitGroup
			moves, cold, answers := 0, 0, map[string]bool{}
			moving.Go(func() {
				for to := 2; ctx.Err() == nil; to++ {
					done, err := c.byHand(t, one, topology.ID(to%nodes))
					if err != nil || done.Undone != "" || done.Start != 0 {
						t.Errorf("%v, %+v", err, done)
						return
					}
					moves++
					time.Sleep(time.Duration(to%5) * 10 * time.Millisecond)
				}
			})
			for _, spec := range specs {
				result, err := Run(t.Context(), spec, c.client)
				if err != nil || result.Error != "" || len(result.Programs) != 2 {
					t.Fatalf("%v, %+v", err, result)
				}
				cold += result.Starts()
				answers[result.Programs[0].Digest], answers[result.Programs[1].Digest] = true, true
			}
			stop()
			moving.Wait()
			begun, told := 0, 0
			for node, by := range started {
				n, of := int(by.begun.Load()), c.agents[node].Stats().Instances
				if begun += n; of != nil {
					told += of.Starts
				}
				if keep == time.Hour && n > len(programs) {
					t.Errorf("node %d has started %d instances of %d functions", node, n, len(programs))
				}
			}
			if begun != cold || told != cold || cold == 0 {
				t.Errorf("%d starts, of which agents tell of %d, and calls have waited for %d", begun, told, cold)
			}
			for n := 1; n <= 2*chains; n++ {
				if !answers[DigestOf(fmt.Appendf(nil, "%d[|%s]", n, c.agents[0].filler[:9]))] {
					t.Errorf("no call was the %d-th", n)
				}
			}
			if moves < 3 {
				t.Errorf("%d moves", moves)
			}
		})
	}
}

// TestStandingIsAskedFor: agents say where a program is warm, where one is starting, and for how long, whoever has
// moved the instances that use it; and a move says how long its program took to start.
func TestStandingIsAskedFor(t *testing.T) {
	c := newCluster(t, Allotted)
	started := c.countStarts()
	started[2].gate = make(chan struct{})
	programs := testPrograms(t, "counts", "f", "g")
	for i := range programs {
		programs[i].Standby, programs[i].Resident = true, true
	}
	programs[1].Scaled, programs[1].Standby, programs[1].Resident = true, false, false
	c.install(t, programs)
	all := []Stateful{
		{ID: "run/in-function/instance/1", Origin: 1, Client: 0, Functions: []string{"f", "g"}},
		{ID: "run/in-function/instance/2", Origin: 1, Client: 3, Functions: []string{"f", "g"}},
	}
	if err := c.client(1).Declare(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	standing := func(node topology.ID) Standing {
		t.Helper()
		found, err := c.client(node).Standing(t.Context())
		if err != nil || len(found) != 2 || found[0].Function != "f" || found[1] != (Standing{Function: "g", Scaled: true}) {
			t.Fatalf("node %d: %v, %+v", node, err, found)
		}
		return found[0]
	}
	if err := c.agents[1].installed.ready(t.Context(), all[0].Functions); err != nil {
		t.Fatal(err)
	}
	if here, there := standing(1), standing(2); !here.Ready || there.Ready || there.Starting != 0 {
		t.Errorf("before, %+v here and %+v there", here, there)
	}
	var moving sync.WaitGroup
	var first *Moved
	moving.Go(func() {
		var err error
		if first, err = c.byHand(t, &all[0], 2); err != nil {
			t.Error(err)
		}
	})
	var seen Standing
	for seen.Starting < 20*time.Millisecond && !t.Failed() {
		seen = standing(2)
		if seen.Ready {
			t.Fatal("it is ready, and cannot have started")
		}
		time.Sleep(time.Millisecond)
	}
	close(started[2].gate)
	if moving.Wait(); first == nil {
		t.FailNow()
	}
	second, err := c.byHand(t, &all[1], 2)
	if err != nil {
		t.Fatal(err)
	}
	took, waited := time.Duration(first.Start), time.Duration(first.Awaited)
	if first.Undone != "" || took < seen.Starting || waited <= 0 || waited > took || waited > first.Unavailable() {
		t.Errorf("%v of a start were seen, and the move says %v, %v of them waited for: %+v", seen.Starting, took, waited,
			first)
	}
	if second.Undone != "" || second.Start != 0 || second.Awaited != 0 || started[2].begun.Load() != 1 {
		t.Errorf("where it is warm: %+v, after %d starts", second, started[2].begun.Load())
	}
	if left, here := standing(1), standing(2); left.Ready || left.Starting != 0 || !here.Ready {
		t.Errorf("afterwards, %+v where all have left and %+v where they are", left, here)
	}
}

// TestNowhereUnprepared: what a node was not told of cannot be served there. So it is not moved there, and goes on
// where it is.
func TestNowhereUnprepared(t *testing.T) {
	for name, prepare := range map[string]func(*cluster){
		"is a program": func(c *cluster) {
			if err := c.client(2).Programs(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		},
		"has instances that start and end": func(c *cluster) {
			if err := c.client(2).Tell(t.Context(), &Known{}, true); err != nil {
				t.Fatal(err)
			}
		},
	} {
		c := newCluster(t, Allotted)
		programs := testPrograms(t, "counts", "f", "g")
		for i := range programs {
			programs[i].Scaled = true
		}
		c.install(t, programs)
		specs, one := countingScaled(t, c, 1, instance.Limits{Max: 1, Concurrency: 1})
		prepare(c)
		done, err := c.byHand(t, one, 2)
		if err != nil || !strings.Contains(done.Undone, "function f "+name+", and this node was not told of it") {
			t.Errorf("%s: %v, %+v", name, err, done)
		}
		if result, err := Run(t.Context(), specs[0], c.client); err != nil || result.Error != "" {
			t.Errorf("%s: %v, %+v", name, err, result)
		}
		if done, err = c.byHand(t, one, 3); err != nil || done.Undone != "" {
			t.Errorf("%s: %v, %+v", name, err, done)
		}
	}
}

// TestRousedIsWithinTheMove: what a target says of its starts is held within what the move took; what is no number says
// nothing.
func TestRousedIsWithinTheMove(t *testing.T) {
	for text, want := range map[string]roused{
		"": {}, "12": {}, "a 1": {}, "-5 1": {}, "5 -1": {}, "1 2 3": {},
		"70 20": {70, 20}, "70 80": {70, 70}, "900 200": {100, 100}, "900 50": {100, 50},
	} {
		h := map[string][]string{headerRoused: {text}}
		if got := readRoused(h, 100); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	h := map[string][]string{}
	roused{}.tell(h)
	if len(h) > 0 {
		t.Errorf("where nothing has started, %v", h)
	}
	(roused{time.Second, time.Millisecond}).tell(h)
	if got := readRoused(h, time.Hour); got != (roused{time.Second, time.Millisecond}) {
		t.Errorf("%v becomes %+v", h, got)
	}
}
