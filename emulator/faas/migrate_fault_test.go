package faas

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"testbed/emulator/topology"
)

// fault is what happens to a request on its way.
type fault int

const (
	sound  fault = iota
	before       // the connection breaks before anything is done
	after        // the connection breaks when all is done, and nobody hears of it
	hang         // nothing comes any more, neither there nor back
)

// broken is a cluster before whose agents requests may fail. Of arrivals, phase is which.
type broken struct {
	*cluster
	addresses []netip.AddrPort
	rule      atomic.Pointer[func(node int, phase string, r *http.Request) fault]
}

func newBroken(t *testing.T, stall time.Duration) *broken {
	t.Helper()
	return newBrokenOf(t, stall, nil)
}

// newBrokenOf is newBroken with programs of its own; nil: none.
func newBrokenOf(t *testing.T, stall time.Duration, own programs) *broken {
	t.Helper()
	b := &broken{cluster: &cluster{}}
	dir := t.TempDir()
	over := make(chan struct{})
	for i := range 4 {
		config := Config{
			Node: strconv.Itoa(i), Listen: "127.0.0.1:0", Control: filepath.Join(dir, strconv.Itoa(i)), Speed: 1e6, Stall: stall,
		}
		a, err := startWith(config, defaultLimits(), nextVersion, own)
		if err != nil {
			t.Fatal(err)
		}
		client := NewClient(config.Control)
		b.agents, b.clients = append(b.agents, a), append(b.clients, client)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, i, over) })}
		go s.Serve(l)
		t.Cleanup(func() { s.Close(); client.Close(); a.Close() })
		b.addresses = append(b.addresses, netip.MustParseAddrPort(l.Addr().String()))
	}
	t.Cleanup(func() { close(over) })
	return b
}

func (b *broken) addr(id topology.ID) netip.AddrPort { return b.addresses[id] }

func (b *broken) serve(w http.ResponseWriter, r *http.Request, node int, over chan struct{}) {
	what, phase := sound, ""
	if n, _, _, err := parseArrive(r); err == nil {
		text := make([]byte, n)
		io.ReadFull(r.Body, text)
		var head arrivalHead
		json.Unmarshal(text, &head)
		phase = head.Phase
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(text)), r.Body))
	}
	if rule := b.rule.Load(); rule != nil {
		what = (*rule)(node, phase, r)
	}
	switch what {
	case sound:
		b.agents[node].handleFromNetwork(w, r)
		return
	case after:
		b.agents[node].handleFromNetwork(httptest.NewRecorder(), r)
	case hang:
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}
	panic(http.ErrAbortHandler)
}

// under has users carry chains out until the test has done its work.
func (m *movingLoad) under(t *testing.T, users int, work func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for user := range users {
		wait.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				spec := m.specs[(user+n*users)%len(m.specs)]
				if err := m.once(t.Context(), *spec, fmt.Sprintf("%s/%d-%d", m.run, user, n)); err != nil {
					t.Errorf("chain %d of user %d: %v", n, user, err)
					return
				}
			}
		})
	}
	work()
	stop()
	wait.Wait()
}

// Whatever breaks in whatever phase, the move is undone and the source goes on, also where the target does not hear of
// it; and the next move succeeds.
func TestUndoneMoves(t *testing.T) {
	b := newBroken(t, time.Second)
	m := newMovingLoadAt(t, b.cluster, b.addr, "run/in-function", 12)
	address := func(id topology.ID) string { return b.addr(id).String() }
	r := rand.New(rand.NewPCG(3, 4))
	m.under(t, 3, func() {
		for _, method := range []string{StopAndCopy, PreCopy} {
			for _, phase := range []string{phaseOffer, phaseCopy, phaseLast} {
				for _, what := range []fault{before, after, hang} {
					for _, deaf := range []bool{false, true} {
						if phase == phaseCopy && method == StopAndCopy || what == hang && (deaf || method == PreCopy) {
							continue
						}
						name := fmt.Sprintf("%s, %s, fault %d, deaf %v", method, phase, what, deaf)
						rule := func(_ int, now string, _ *http.Request) fault {
							if now == phase {
								return what
							}
							if now == phaseAbort && deaf {
								return before
							}
							return sound
						}
						one := m.instances[r.IntN(len(m.instances))]
						move := func() (*Moved, error) {
							to := topology.ID(r.IntN(len(b.agents)))
							order := Move{ID: one.ID, To: to, Address: address(to), Method: method}
							_, done, err := MoveAt(t.Context(), m.client, address, one.Origin, order)
							return done, err
						}
						comesTo(t, name, &rule, b, move, func(done *Moved) bool { return done.Undone != "" })
						comesTo(t, name, nil, b, move, func(done *Moved) bool { return done.Undone == "" })
					}
				}
			}
		}
	})
	m.lasting(t)
	m.clean(t)
}

// comesTo makes a move to somewhere else, which must come to what is expected, while a rule of faults is in force.
func comesTo(t *testing.T, name string, rule *func(int, string, *http.Request) fault, b *broken,
	move func() (*Moved, error), good func(*Moved) bool,
) {
	t.Helper()
	b.rule.Store(rule)
	defer b.rule.Store(nil)
	for range 100 {
		done, err := move()
		if err != nil {
			continue // it is there already
		}
		if !good(done) || done.Held != 0 && done.Served < done.Held {
			t.Errorf("%s: %+v", name, done)
		}
		return
	}
	t.Errorf("%s: no move", name)
}

// Calls whose connections break, before they are executed or afterwards, are sent again and executed once, while
// instances move.
func TestBrokenCalls(t *testing.T) {
	b := newBroken(t, time.Minute)
	m := newMovingLoadAt(t, b.cluster, b.addr, "run/in-function", 12)
	address := func(id topology.ID) string { return b.addr(id).String() }
	var mu sync.Mutex
	r, cuts := rand.New(rand.NewPCG(5, 6)), 0
	rule := func(_ int, phase string, req *http.Request) fault {
		mu.Lock()
		defer mu.Unlock()
		if phase != "" || !strings.HasPrefix(req.URL.Path, "/function/") || r.IntN(50) > 0 {
			return sound
		}
		cuts++
		return []fault{before, after}[r.IntN(2)]
	}
	b.rule.Store(&rule)
	m.under(t, 4, func() {
		r := rand.New(rand.NewPCG(8, 9))
		enough := func() bool {
			mu.Lock()
			defer mu.Unlock()
			return cuts >= 25
		}
		for n := 0; !enough() && !t.Failed(); n++ {
			one, to := m.instances[r.IntN(len(m.instances))], topology.ID(r.IntN(len(b.agents)))
			order := Move{ID: one.ID, To: to, Address: address(to), Method: []string{StopAndCopy, PreCopy}[n%2]}
			if _, done, err := MoveAt(t.Context(), m.client, address, one.Origin, order); err == nil && done.Undone != "" {
				t.Errorf("%+v", done)
			}
			time.Sleep(time.Millisecond)
		}
	})
	b.rule.Store(nil)
	m.lasting(t)
	m.clean(t)
}

// A target that dies on the way there leaves the instance where it was.
func TestTargetDies(t *testing.T) {
	b := newBroken(t, time.Minute)
	m := newMovingLoadAt(t, b.cluster, b.addr, "run/in-function", 6)
	address := func(id topology.ID) string { return b.addr(id).String() }
	const target = 3 // none is placed there
	rule := func(node int, phase string, _ *http.Request) fault {
		if node == target && phase == phaseLast {
			b.agents[target].Close()
			return before
		}
		return sound
	}
	b.rule.Store(&rule)
	one := m.instances[0]
	m.under(t, 2, func() {
		order := Move{ID: one.ID, To: target, Address: address(target), Method: PreCopy}
		_, done, err := MoveAt(t.Context(), m.client, address, one.Origin, order)
		if err != nil || done.Undone == "" {
			t.Errorf("%+v, %v", done, err)
		}
		if _, _, err = MoveAt(t.Context(), m.client, address, one.Origin, order); err != nil {
			t.Error(err)
		}
	})
	m.lasting(t)
}
