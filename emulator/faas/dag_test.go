package faas

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// traffic is what has come to a node and gone back, in bytes of bodies.
type traffic struct{ requests, responses, reads, writes int64 }

// counted are a cluster's agents behind servers that count.
type counted struct {
	*cluster
	addresses []netip.AddrPort
	served    sync.WaitGroup
	mu        sync.Mutex
	bytes     []traffic // by node
}

func newCounted(t testing.TB, compute string) *counted {
	t.Helper()
	c := &counted{cluster: newCluster(t, compute)}
	c.bytes = make([]traffic, len(c.agents))
	for i, a := range c.agents {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.served.Add(1)
			defer c.served.Done()
			a.handleFromNetwork(w, r)
			c.count(i, r, w.Header())
		})}
		go s.Serve(l)
		t.Cleanup(func() { s.Close() })
		c.addresses = append(c.addresses, netip.MustParseAddrPort(l.Addr().String()))
	}
	return c
}

func (c *counted) addr(id topology.ID) netip.AddrPort { return c.addresses[id] }

func (c *counted) count(node int, r *http.Request, answer http.Header) {
	back, _ := strconv.ParseInt(answer.Get("Content-Length"), 10, 64)
	c.mu.Lock()
	defer c.mu.Unlock()
	n := &c.bytes[node]
	switch {
	case strings.HasPrefix(r.URL.Path, "/function/"):
		n.requests += r.ContentLength
		n.responses += back
	case r.URL.Path == pathNext:
		n.requests += r.ContentLength
	case r.Method == http.MethodGet:
		n.reads += back
	default:
		n.writes += r.ContentLength
	}
}

// taken are the counts since the last time.
func (c *counted) taken() []traffic {
	c.served.Wait() // answers that have arrived, and are not counted yet
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.bytes
	c.bytes = make([]traffic, len(all))
	return all
}

// randomJob has 1 to most tasks, each of which waits for some before it, and states that several of them change. line:
// the tasks form one.
func randomJob(r *rand.Rand, most int, line bool) workload.Job {
	job := workload.Job{Name: "random", Result: r.Int64N(1000)}
	for range r.IntN(5) {
		job.States = append(job.States, r.Int64N(20_000))
	}
	width := 1 + r.IntN(8)
	for i := range 1 + r.IntN(most) {
		task := workload.Task{Function: fmt.Sprintf("f%d", i%3), Ops: r.Int64N(1000), Argument: r.Int64N(5000)}
		for s := range job.States {
			if r.IntN(4) == 0 {
				task.States = append(task.States, s)
			}
		}
		if line && i > 0 {
			task.After = []int{i - 1}
		}
		for before := max(0, i-2*width); !line && before < i; before++ {
			if r.IntN(width) == 0 {
				task.After = append(task.After, before)
			}
		}
		if len(task.After) > 0 && r.IntN(2) == 0 {
			task.Edges = make([]int64, len(task.After))
			for k := range task.Edges {
				task.Edges[k] = task.Argument / int64(2*len(task.After))
			}
		}
		if r.IntN(4) == 0 {
			task.Result = r.Int64N(300)
		}
		job.Tasks = append(job.Tasks, task)
	}
	return job
}

// variant is an execution model, and who accesses what is in a repository.
type variant struct {
	model  plan.Model
	access plan.StateAccess
}

var variants = []variant{
	{plan.External, plan.ByWorker}, {plan.External, plan.ByClient}, {plan.InEdge, plan.ByWorker},
	{plan.InEdge, plan.ByClient}, {plan.InFunction, plan.ByWorker}, {plan.InClient, plan.ByWorker},
	{plan.PureFaaS, plan.ByWorker},
}

// Random DAGs in all models that are carried out: every step is, once and in order; every state has the version of as
// many tasks as change it; what crosses the network is what the plan says, and what is repeated. Chains repeat nothing
// and are not serialised.
func TestRandomDAGs(t *testing.T) {
	c := newCounted(t, Allotted)
	retries := map[variant]int{}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 15))
		jobs := []workload.Job{randomJob(r, 60, seed%6 == 0)}
		nodes := make([]topology.ID, jobs[0].Length())
		for i := range nodes {
			nodes[i] = topology.ID(r.IntN(5))
		}
		place := &placement.Placement{Client: []topology.ID{0}, Node: [][]topology.ID{nodes}}
		for _, v := range variants {
			p := rule(v.model).Build(jobs, 0, place, plan.Sites{Cloud: cloud, Central: central}, v.access)
			n := c.carryOutDAG(t, fmt.Sprintf("seed %d, %s, by %s", seed, v.model, v.access), p)
			if jobs[0].Chain() && (n > 0 || p.Serialised > 0) {
				t.Errorf("seed %d, %s: a chain repeats %d steps, and serialises %d", seed, v.model, n, p.Serialised)
			}
			retries[v] += n
		}
	}
	for _, v := range variants {
		if repeats := v.model != plan.InClient && v.model != plan.PureFaaS; repeats != (retries[v] > 0) {
			t.Errorf("%v: %d retries", v, retries[v])
		}
	}
}

// carryOutDAG carries a plan out and checks all that must hold; it returns how often something was repeated.
func (c *counted) carryOutDAG(t *testing.T, name string, p *plan.Plan) (retries int) {
	t.Helper()
	spec, err := NewChainSpec(p, c.addr, "run/"+string(p.Model)+"/0")
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	c.taken()
	result, err := Run(t.Context(), spec, c.client)
	if err != nil || result.Error != "" {
		t.Fatalf("%s: %v, %s", name, err, result.Error)
	}
	checks, err := spec.Check(t.Context(), c.client)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		if err := check.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(result.Steps) != len(p.Steps) || result.Conflicts != 0 {
		t.Fatalf("%s: %d of %d steps, %d conflicts", name, len(result.Steps), len(p.Steps), result.Conflicts)
	}
	for i, s := range result.Steps {
		if s.Index != i || s.Role != p.Steps[i].Role || s.End < s.Start {
			t.Fatalf("%s: step %d is %+v", name, i, s)
		}
		for _, before := range p.Steps[i].After {
			if result.Steps[before].End > s.Start {
				t.Errorf("%s: step %d begins before step %d has ended", name, i, before)
			}
		}
	}
	got, want := c.taken(), planned(p, result)
	if sum, all := total(got), onNetwork(p, result); sum != all {
		t.Errorf("%s: %d bytes have crossed the network, want %d", name, sum, all)
	}
	for node := range got {
		if got[node] != want[node] {
			t.Errorf("%s: node %d has had %+v, want %+v", name, node, got[node], want[node])
		}
	}
	if err := spec.Clean(t.Context(), c.client); err != nil {
		t.Error(err)
	}
	return result.Retries()
}

// total is the traffic of all nodes.
func total(all []traffic) (sum int64) {
	for _, t := range all {
		sum += t.requests + t.responses + t.reads + t.writes
	}
	return sum
}

// onNetwork is the sum over a plan's transfers, with those that were repeated.
func onNetwork(p *plan.Plan, result *ChainResult) (sum int64) {
	for i, s := range p.Steps {
		if s.Kind == plan.Transfer && s.From != s.To {
			sum += s.Bytes
		}
		sum += int64(result.Steps[i].Retries) * p.Repeated(i)
	}
	return sum
}

// planned is the traffic of a plan's steps, those that were repeated included.
func planned(p *plan.Plan, result *ChainResult) []traffic {
	all := make([]traffic, cloud+1)
	for i, s := range p.Steps {
		n, inv := int64(result.Steps[i].Retries), &p.Invocations[s.Task]
		if s.Role == plan.Write && s.From != inv.Worker && inv.Worker != p.Client {
			all[inv.Worker].requests += n * inv.Argument
			all[inv.Worker].responses += n * inv.Result
		}
		if s.From == s.To {
			continue
		}
		switch s.Role {
		case plan.Request:
			all[s.To].requests += s.Bytes
		case plan.Response:
			if p.Messages != nil { // it is a request to the client
				all[s.To].requests += s.Bytes
				continue
			}
			all[s.From].responses += s.Bytes
		case plan.Read:
			all[s.From].reads += s.Bytes
		case plan.Write:
			all[s.To].reads += n * s.Bytes
			all[s.To].writes += (1 + n) * s.Bytes
		}
	}
	return all
}
