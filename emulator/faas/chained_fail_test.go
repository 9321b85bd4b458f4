package faas

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/plan"
	"testbed/emulator/workload"
)

// A worker that is gone, or dies while it executes, ends the chain with its name; so does a state that is not there.
func TestChainsOfWorkersFail(t *testing.T) {
	long := job()
	long[0].Tasks[1].Ops = 60_000_000
	large := job()
	large[0].States[0] = 3 << 20
	release := func() {} // of what spoil has taken, once the chain has ended
	for name, x := range map[string]struct {
		jobs  []workload.Job
		model plan.Model
		spoil func(t *testing.T, c *cluster, spec *ChainSpec)
		want  string
		room  int64 // bytes that agent 2 has; 0: the usual
	}{
		"gone": {job(), plan.StateLocal, func(_ *testing.T, c *cluster, _ *ChainSpec) { c.agents[2].Close() },
			"request from invocation 0 (function f1", 0},
		"dies": {long, plan.StatePropagate, func(_ *testing.T, c *cluster, _ *ChainSpec) {
			go func() {
				testenv.Holds(func() bool { return c.agents[2].Stats().Invocations > 0 })
				c.agents[2].Close()
			}()
		}, "invocation 1 (function f2", 0},
		"forgets its part": {job(), plan.InFunction, func(_ *testing.T, c *cluster, spec *ChainSpec) {
			c.agents[2].parts.drop(spec.Key + "/")
		}, "the chain is not known here", 0},
		"no state": {job(), plan.StateLocal, func(_ *testing.T, c *cluster, spec *ChainSpec) {
			c.agents[0].states.drop(spec.Key + "/")
		}, "invocation 0 (function f1", 0},
		"no room": {large, plan.StatePropagate, func(*testing.T, *cluster, *ChainSpec) {},
			"to invocation 1 (function f2", minMemory},
		"no room for a while": {large, plan.StatePropagate, func(t *testing.T, c *cluster, _ *ChainSpec) {
			b := c.agents[2].pools.budget
			if err := b.take(t.Context(), 3<<20); err != nil {
				t.Fatal(err)
			}
			release = func() { b.giveBack(3 << 20) }
		}, "memory for states and messages is in use", 5 << 20},
		"no client's copy": {job(), plan.StatePropagate, func(_ *testing.T, c *cluster, spec *ChainSpec) {
			c.agents[0].states.drop(spec.Key + "/")
		}, "the client's copy", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClusterWhere(t, Allotted, nil, 0, 0, x.room)
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
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("it took %v", took)
			}
			release()
			release = func() {}
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
	limit := 200 * time.Millisecond
	testenv.Repeat(t, 4, func() error { // on a busy host it does not come to the second function in it
		if err := spec.Seed(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errors.New("too long"))
		defer cancel()
		limit *= 5
		result, err := Run(ctx, spec, c.client)
		if err := spec.Clean(t.Context(), c.client); err != nil {
			t.Fatal(err)
		}
		c.empty(t)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(result.Error, "too long; invocation 1 (function f2 at") || len(result.Steps) != 3 {
			return fmt.Errorf("%+v", result)
		}
		return nil
	})
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

// twoWorkers is a chain of two invocations at one worker each, which a state goes through.
func twoWorkers() *ChainSpec {
	states := []AccessSpec{{Bytes: 5, Location: plan.Carried}}
	return &ChainSpec{
		Key: "run/state-propagate/0", Job: "j_1", Model: plan.StatePropagate, Steps: 5, StateBytes: []int64{5},
		Carried: []int{0}, Home: "10.0.0.1:8080", Invocations: []InvocationSpec{
			{Function: "f", Node: 1, Worker: "10.0.0.2:8080", Steps: []int{1}, States: states},
			{Function: "g", Node: 2, Worker: "10.0.0.3:8080", Steps: []int{3}, States: states, After: []int{0}},
		},
		Messages: []MessageSpec{{From: -1}, {From: 0, To: 1, Step: 2}, {From: 1, To: -1, Step: 4}},
	}
}

// goodProgress is what the first worker of twoWorkers knows in the end.
func goodProgress() *Progress {
	return &Progress{Steps: []StepResult{
		{Role: plan.Request, End: 1e9}, {Index: 1, Role: plan.Execute, Start: 1e9, End: 1e9 + 5},
		{Index: 2, Role: plan.Request, Start: 1e9 + 6},
	}}
}

func TestImpossibleChainsOfWorkersAreRefused(t *testing.T) {
	if err := twoWorkers().validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*ChainSpec){
		"no way home":      func(s *ChainSpec) { s.Messages = s.Messages[:2] },
		"backwards":        func(s *ChainSpec) { s.Messages[1] = MessageSpec{From: 1, To: 0, Step: 2} },
		"to itself":        func(s *ChainSpec) { s.Messages[1].To = 0 },
		"nowhere":          func(s *ChainSpec) { s.Messages[1].To = 2 },
		"from nowhere":     func(s *ChainSpec) { s.Messages[1].From = -2 },
		"client to client": func(s *ChainSpec) { s.Messages[0].To = -1 },
		"two ways":         func(s *ChainSpec) { s.Messages = append(s.Messages, MessageSpec{From: 0, To: -1, Step: 0}) },
		"negative":         func(s *ChainSpec) { s.Messages[0].Bytes = -1 },
		"too large":        func(s *ChainSpec) { s.Messages[0].Bytes = maxBody },
		"no such step":     func(s *ChainSpec) { s.Messages[0].Step = 5 },
		"one step twice":   func(s *ChainSpec) { s.Messages[0].Step = 2 },
		"no such state":    func(s *ChainSpec) { s.Carried[0] = 1 },
		"not carried":      func(s *ChainSpec) { s.Carried = nil },
		"another size":     func(s *ChainSpec) { s.StateBytes[0] = 6 },
		"no home":          func(s *ChainSpec) { s.Home = "" },
		"a name":           func(s *ChainSpec) { s.Home = "cloud:8080" },
		"no worker":        func(s *ChainSpec) { s.Invocations[1].Worker = "" },
		"by the client": func(s *ChainSpec) {
			s.Invocations[0].States = []AccessSpec{{Bytes: 5, Location: plan.Repository, ByClient: true}}
			s.Invocations[0].Steps = []int{0, 1, 2}
		},
		"no messages": func(s *ChainSpec) { s.Messages = nil },
	} {
		s := twoWorkers()
		s.Invocations[0].States = slices.Clone(s.Invocations[0].States)
		spoil(s)
		if err := s.validate(); err == nil {
			t.Errorf("%s: %+v is accepted", name, s)
		}
	}
	for name, spoil := range map[string]func(*Progress){
		"role":            func(p *Progress) { p.Steps[0].Role = plan.Write },
		"step":            func(p *Progress) { p.Steps[2].Index = 9 },
		"twice":           func(p *Progress) { p.Steps[2].Index = 1 },
		"before all time": func(p *Progress) { p.Steps[2].Start = -1 },
	} {
		p := goodProgress()
		spoil(p)
		if err := p.validate(twoWorkers()); err == nil {
			t.Errorf("%s: %+v is accepted", name, p)
		}
	}
}

func FuzzNextHeader(f *testing.F) {
	f.Add("1 run/state-propagate/0 2", "1 ab;0 0")
	f.Fuzz(func(t *testing.T, next, states string) {
		h := http.Header{headerNext: {next}, headerStates: {states}}
		if key, message, err := parseNext(h); err == nil && (checkKey(key) != nil || message < 0) {
			t.Errorf("%q, %d", key, message)
		}
		p := &part{spec: twoWorkers()}
		if all, err := p.parseCarried(h); err == nil && (len(all) != 1 || all[0].version < 0) {
			t.Errorf("%+v", all)
		}
	})
}
