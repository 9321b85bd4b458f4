package faas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// countingPrograms are chains of two programs that count in one state, which outlives them.
func countingPrograms(t *testing.T, b *broken, chains int) []*ChainSpec {
	t.Helper()
	jobs := []workload.Job{{Name: "j", States: []int64{100}, Tasks: []workload.Task{
		{Function: "f", States: []int{0}, Argument: 9, Program: true},
		{Function: "g", After: []int{0}, States: []int{0}, Argument: 9, Program: true},
	}}}
	place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{{1, 1}}}
	var all []*ChainSpec
	for i := range chains {
		p := rule(plan.InFunction).Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
		spec, err := NewChainSpec(p, b.addr, fmt.Sprintf("run/in-function/%d", i))
		if err != nil {
			t.Fatal(err)
		}
		spec.Lasting = []string{"run/in-function/lasting/0"}
		all = append(all, spec)
	}
	return all
}

// A program's state moves while it is called, over connections that break before a call or after it: each call is
// executed once, and its answer is that of the execution.
func TestProgramsMove(t *testing.T) {
	const users, each = 4, 25
	b := newBrokenOf(t, time.Minute, goPrograms(counter))
	specs := countingPrograms(t, b, users*each)
	instances := NameInstances("run/in-function/", specs)
	if len(instances) != 1 || strings.Join(instances[0].Functions, " ") != "f g" || instances[0].Origin != 1 {
		t.Fatalf("%+v", instances)
	}
	one := instances[0]
	if err := b.client(1).Declare(t.Context(), instances); err != nil {
		t.Fatal(err)
	}
	place := specs[0].LastingPlaces()[0]
	if err := SeedAt(t.Context(), b.client, place.Node, place.Stateful, place.Key, place.Bytes); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	var seen sync.Map
	rule := func(_ int, _ string, r *http.Request) fault {
		_, again := seen.LoadOrStore(r.Header.Get(headerCall), true)
		if again || !strings.HasPrefix(r.URL.Path, "/function/") {
			return sound
		}
		switch calls.Add(1) % 5 {
		case 1:
			return before
		case 3:
			return after
		}
		return sound
	}
	b.rule.Store(&rule)
	ctx, stop := context.WithCancel(t.Context())
	var movers, wait sync.WaitGroup
	moves := 0
	movers.Go(func() { moves = b.wander(ctx, t, &one) })
	var mu sync.Mutex
	answers := map[string]int{}
	for user := range users {
		wait.Go(func() {
			for _, spec := range specs[user*each : (user+1)*each] {
				result, err := Run(t.Context(), spec, b.client)
				if err != nil || result.Error != "" || len(result.Programs) != 2 {
					t.Errorf("%v, %+v", err, result)
					continue
				}
				mu.Lock()
				answers[result.Programs[0].Digest]++
				answers[result.Programs[1].Digest]++
				mu.Unlock()
				if err := spec.Clean(t.Context(), b.client); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	stop()
	movers.Wait()
	v, err := CheckAt(t.Context(), b.client, place.Node, place.Stateful, place.Key)
	if want := int64(2 * users * each); err != nil || v.Version != want || !v.Intact {
		t.Errorf("%+v, %v; want version %d", v, err, want)
	}
	for n := 1; n <= 2*users*each; n++ {
		if got := answers[DigestOf(fmt.Appendf(nil, "9 %d", n))]; got != 1 {
			t.Errorf("%d calls were answered that they were the %d-th", got, n)
		}
	}
	if moves < 3 {
		t.Errorf("%d moves", moves)
	}
	for i, c := range b.clients {
		if err := c.Clean(t.Context(), "run/"); err != nil {
			t.Error(err)
		}
		if s := b.agents[i].Stats(); s.Bytes != 0 || s.States != 0 {
			t.Errorf("agent %d still has %d states and %d bytes", i, s.States, s.Bytes)
		}
	}
}

// wander moves an instance from node to node until the context ends, and returns how often.
func (b *broken) wander(ctx context.Context, t *testing.T, one *Stateful) (moves int) {
	r := rand.New(rand.NewPCG(5, 6))
	address := func(id topology.ID) string { return b.addr(id).String() }
	for ctx.Err() == nil {
		to := topology.ID(r.IntN(len(b.agents)))
		order := Move{ID: one.ID, To: to, Address: address(to), Method: []string{StopAndCopy, PreCopy}[r.IntN(2)]}
		_, moved, err := MoveAt(t.Context(), b.client, address, one.Origin, order)
		switch {
		case errors.Is(err, errConflict): // it is there already
		case err != nil || moved.Undone != "":
			t.Errorf("%v, %+v", err, moved)
			return moves
		default:
			moves++
		}
		time.Sleep(time.Duration(r.Int64N(int64(3 * time.Millisecond))))
	}
	return moves
}
