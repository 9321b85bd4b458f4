package faas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// specChained is a job in which workers call each other.
func (c *cluster) specChained(t testing.TB, jobs []workload.Job, m plan.Model, p *placement.Placement) *ChainSpec {
	t.Helper()
	r, err := rule(m).Orchestrated(plan.Chained)
	if err != nil {
		t.Fatal(err)
	}
	built := r.Build(jobs, 0, p, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
	spec, err := NewChainSpec(built, c.addr, "run/"+string(m)+"-chained/0")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// chainable are the models in which workers may call each other.
var chainable = []plan.Model{plan.External, plan.InEdge, plan.InFunction, plan.StatePropagate, plan.StateLocal}

// TestWorkersCallEachOther: every function once, states where they belong, nothing left over, and the client has no
// connections but to the first worker (and, to fetch its states, the workers to it).
func TestWorkersCallEachOther(t *testing.T) {
	c := newCluster(t, Allotted)
	places := map[string]*placement.Placement{
		"two workers": placed(1, 2, 1, 2), "at home": placed(0, 0, 1, 0), "home alone": placed(0, 0, 0, 0),
		"one worker": placed(1, 1, 1, 1), "central": placed(central, 1, central, cloud),
	}
	for name, p := range places {
		for _, m := range chainable {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				spec := c.specChained(t, job(), m, p)
				result, lost := c.carryOut(t, spec)
				if result.Error != "" || lost != nil || result.Conflicts != 0 {
					t.Fatalf("error %q, conflicts %d, check %v", result.Error, result.Conflicts, lost)
				}
				verifySteps(t, spec, result)
				if err := spec.Clean(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
				c.empty(t)
			})
		}
	}
}

// empty complains of what agents have left.
func (c *cluster) empty(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		left := ""
		for i, a := range c.agents {
			if s := a.Stats(); s.States != 0 || s.Bytes != 0 || len(a.parts.all) != 0 {
				left += fmt.Sprintf("agent %d keeps %d states, %d bytes, %d parts; ", i, s.States, s.Bytes, len(a.parts.all))
			}
		}
		if left == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(left)
		}
	}
}

// Who talks to whom, and what about, by the plan's steps in the order in which they happened.
func TestMessagesOfChainedModels(t *testing.T) {
	c := newCluster(t, Allotted)
	jobs := []workload.Job{{Name: "j", States: []int64{1000, 50}, Result: 7, Tasks: []workload.Task{
		{Function: "f", Argument: 10, States: []int{0}}, {Function: "g", Argument: 20, After: []int{0}, States: []int{0, 1}},
	}}}
	for m, want := range map[plan.Model][]string{
		plan.StatePropagate: {"request 0>1 1060", "execute", "request 1>2 1070", "execute", "response 2>0 1057"},
		plan.StateLocal: {"request 0>1 10", "read 0>1 1000", "execute", "request 1>2 20", "read 1>2 1000", "read 0>2 50",
			"execute", "response 2>0 7"},
		plan.External: {"request 0>1 10", "read 4>1 1000", "execute", "write 1>4 1000", "request 1>2 20", "read 4>2 1000",
			"read 4>2 50", "execute", "write 2>4 1000", "write 2>4 50", "response 2>0 7"},
		plan.InFunction: {"request 0>1 10", "execute", "request 1>2 20", "execute", "response 2>0 7"},
	} {
		r, err := rule(m).Orchestrated(plan.Chained)
		if err != nil {
			t.Fatal(err)
		}
		built := r.Build(jobs, 0, placed(1, 2), plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
		result, lost := c.carryOut(t, c.specChained(t, jobs, m, placed(1, 2)))
		if result.Error != "" || lost != nil {
			t.Fatalf("%s: error %q, check %v", m, result.Error, lost)
		}
		var got []string
		for _, s := range result.Steps {
			text, step := s.Role.String(), built.Steps[s.Index]
			if step.Kind == plan.Transfer {
				text += fmt.Sprintf(" %d>%d %d", step.From, step.To, step.Bytes)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", m, got, want)
		}
	}
}

// The states end where the model says, with all updates.
func TestWhereStatesEnd(t *testing.T) {
	c := newCluster(t, Allotted)
	for m, want := range map[plan.Model]map[topology.ID][]int64{ // versions of states 0 and 1
		plan.StatePropagate: {0: {3, 3}}, plan.StateLocal: {0: {0, 0}, 1: {1, 2}, 2: {3, 3}},
		plan.InEdge: {central: {3, 3}}, plan.InFunction: {1: {1, 1}, 2: {2, 2}},
	} {
		spec := c.specChained(t, job(), m, placed(1, 2, 1, 2))
		if result, lost := c.carryOut(t, spec); result.Error != "" || lost != nil {
			t.Fatalf("%s: error %q, check %v", m, result.Error, lost)
		}
		for node, versions := range want {
			for state, version := range versions {
				v, err := c.clients[node].Check(t.Context(), stateKey(spec.Key, state))
				if err != nil || v.Version != version || !v.Intact {
					t.Errorf("%s: state %d at %d: %+v, %v; want version %d", m, state, node, v, err, version)
				}
			}
		}
	}
}

// TestDAGsOfWorkers holds random DAGs to what those are held to in which the client calls, in all chained models; and
// nothing is left.
func TestDAGsOfWorkers(t *testing.T) {
	c := newCounted(t, Allotted)
	retries := 0
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 16))
		jobs := []workload.Job{randomJob(r, 60, seed%6 == 0)}
		nodes := make([]topology.ID, jobs[0].Length())
		for i := range nodes {
			nodes[i] = topology.ID(r.IntN(5))
		}
		place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
		for _, m := range chainable {
			of, err := rule(m).Orchestrated(plan.Chained)
			if err != nil {
				t.Fatal(err)
			}
			p := of.Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, plan.ByWorker)
			before := c.executed()
			n := c.carryOutDAG(t, fmt.Sprintf("seed %d, %s", seed, m), p)
			if jobs[0].Chain() && n > 0 {
				t.Errorf("seed %d, %s: a chain repeats %d steps", seed, m, n)
			}
			if n := c.executed() - before; n != int64(len(nodes)) {
				t.Errorf("seed %d, %s: %d executions of %d", seed, m, n, len(nodes))
			}
			retries += n
			c.empty(t)
		}
	}
	if retries == 0 {
		t.Error("no branches were in each other's way")
	}
}

func (c *cluster) executed() (n int64) {
	for _, a := range c.agents {
		n += a.Stats().Invocations
	}
	return n
}

// A worker that is gone, or dies while it executes, ends the chain with its name; so does a state that is not there.
func TestChainsOfWorkersFail(t *testing.T) {
	long := job()
	long[0].Tasks[1].Ops = 60_000_000
	for name, x := range map[string]struct {
		jobs  []workload.Job
		model plan.Model
		spoil func(t *testing.T, c *cluster, spec *ChainSpec)
		want  string
	}{
		"gone": {job(), plan.StateLocal, func(_ *testing.T, c *cluster, _ *ChainSpec) { c.agents[2].Close() },
			"request from invocation 0 (function f1"},
		"dies": {long, plan.StatePropagate, func(_ *testing.T, c *cluster, _ *ChainSpec) {
			time.AfterFunc(100*time.Millisecond, func() { c.agents[2].Close() })
		}, "invocation 1 (function f2"},
		"forgets its part": {job(), plan.InFunction, func(_ *testing.T, c *cluster, spec *ChainSpec) {
			c.agents[2].parts.drop(spec.Key + "/")
		}, "the chain is not known here"},
		"no state": {job(), plan.StateLocal, func(_ *testing.T, c *cluster, spec *ChainSpec) {
			c.agents[0].states.drop(spec.Key + "/")
		}, "invocation 0 (function f1"},
		"no client's copy": {job(), plan.StatePropagate, func(_ *testing.T, c *cluster, spec *ChainSpec) {
			c.agents[0].states.drop(spec.Key + "/")
		}, "the client's copy"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, Allotted)
			spec := c.specChained(t, x.jobs, x.model, placed(1, 2, 1, 2))
			if err := spec.Seed(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
			x.spoil(t, c, spec)
			begin := time.Now()
			result, err := Run(t.Context(), spec, c.client)
			if err != nil || !strings.Contains(result.Error, x.want) {
				t.Errorf("%v, %+v; want %q", err, result, x.want)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			_ = spec.Clean(t.Context(), c.client) // of one that is gone it fails
			c.empty(t)
		})
	}
}

func TestChainOfWorkersTakesTooLong(t *testing.T) {
	c := newCluster(t, Allotted)
	jobs := job()
	jobs[0].Tasks[1].Ops = 60_000_000 // two minutes
	spec := c.specChained(t, jobs, plan.StatePropagate, placed(1, 2, 1, 2))
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errors.New("too long"))
	defer cancel()
	result, err := Run(ctx, spec, c.client)
	if err != nil || !strings.Contains(result.Error, "too long; invocation 1 (function f2 at") || len(result.Steps) != 3 {
		t.Errorf("%v: %+v", err, result)
	}
	if err := spec.Clean(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	c.empty(t)
}

// What is not the next message of a chain that goes on is refused, with its reason, and takes no memory.
func TestStrangeMessagesAreRefused(t *testing.T) {
	c := newCluster(t, Allotted)
	spec := c.specChained(t, job(), plan.StatePropagate, placed(1, 2, 1, 2))
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	key, good := spec.Key, int(spec.Messages[1].Bytes+spec.carriedBytes())
	states := "0 0;0 0"
	for name, x := range map[string]struct {
		header, states string
		bytes          int
		status         int
	}{
		"another chain":    {"1 run/other/0 1", states, good, http.StatusNotFound},
		"no header":        {"", states, good, http.StatusBadRequest},
		"another format":   {"9 " + key + " 1", states, good, http.StatusBadRequest},
		"no number":        {"1 " + key + " x", states, good, http.StatusBadRequest},
		"negative":         {"1 " + key + " -1", states, good, http.StatusBadRequest},
		"no such message":  {"1 " + key + " 99", states, good, http.StatusNotFound},
		"another's":        {"1 " + key + " 0", states, good, http.StatusNotFound},
		"too short":        {"1 " + key + " 1", states, good - 1, http.StatusBadRequest},
		"too long":         {"1 " + key + " 1", states, good + 1, http.StatusBadRequest},
		"states missing":   {"1 " + key + " 1", "0 0", good, http.StatusBadRequest},
		"states malformed": {"1 " + key + " 1", "0 0;0 -x", good, http.StatusBadRequest},
		"hostile key":      {"1 ../../x 1", states, good, http.StatusBadRequest},
	} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.addr(2).String()+pathNext,
			strings.NewReader(strings.Repeat("x", x.bytes)))
		request.Header.Set(headerNext, x.header)
		request.Header.Set(headerStates, x.states)
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != x.status {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, x.status)
		}
	}
	if result, err := Run(t.Context(), spec, c.client); err != nil || result.Error != "" {
		t.Errorf("the chain itself: %v, %+v", err, result) // nothing of this was taken for its own
	}
	if result, err := c.client(0).Run(t.Context(), spec); err == nil {
		t.Errorf("a second time: %+v", result)
	}
	if err := c.check(t, spec); err != nil {
		t.Error(err)
	}
	if err := spec.Clean(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	c.empty(t)
}

// A hostile next worker: what it answers is bounded, and the chain ends with its reason.
func TestHostileNextWorker(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"hangs up":        func(net.Conn) {},
		"endless headers": func(c net.Conn) { flood(c, "HTTP/1.1 202 Accepted\r\n", "X-More: xxxxxxxxxxxxxxx\r\n") },
		"1.5 GB":          func(c net.Conn) { flood(c, "HTTP/1.1 202 Accepted\r\nContent-Length: 1500000000\r\n\r\n", "x") },
		"1.5 GB of error": func(c net.Conn) { flood(c, "HTTP/1.1 500 Bad\r\nContent-Length: 1500000000\r\n\r\n", "x") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, Allotted)
			spec := c.specChained(t, job(), plan.InFunction, placed(1, 2, 1, 2))
			address := listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				conn.Read(make([]byte, 64<<10))
				answer(conn)
			})
			spec.Invocations[1].Worker, spec.Invocations[3].Worker = address, address
			if err := spec.Seed(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
			_, before := taken()
			result, err := Run(t.Context(), spec, c.client)
			if err != nil || !strings.Contains(result.Error, "to invocation 1 (function f2 at "+address) {
				t.Errorf("%v, %+v", err, result)
			}
			if _, after := taken(); after-before > 32<<20 {
				t.Errorf("%d MB were allocated", (after-before)>>20)
			}
			if err := spec.Clean(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
			c.empty(t)
		})
	}
}
