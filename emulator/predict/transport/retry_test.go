package transport

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// branches is a job of two tasks of so many operations that change one state, with both at worker, and its plan in a
// model; the client is at one end of the line, worker and repository are where they are said to be.
func branches(m plan.Model, access plan.StateAccess, client, repository topology.ID, ops int64, workers ...topology.ID,
) *plan.Plan {
	job := workload.Job{Name: "b", States: []int64{100}}
	for range workers {
		job.Tasks = append(job.Tasks, workload.Task{Function: "f", Ops: ops, Argument: 100, States: []int{0}})
	}
	job.Result = 100 * int64(len(workers))
	place := &placement.Placement{Client: []topology.ID{client}, Node: [][]topology.ID{workers}}
	return rule(m).Build([]workload.Job{job}, 0, place, plan.Sites{Cloud: repository, Central: repository}, access)
}

// Times of messages are next to nothing here: what is counted are delays of 10 ms, one way, and a second of computing.
func TestRetries(t *testing.T) {
	const delay, compute = 10 * time.Millisecond, 1000
	for name, c := range map[string]struct {
		model   plan.Model
		access  plan.StateAccess
		nodes   string // client, repository, two workers: ends of the line
		retried plan.Role
		more    float64 // s, of the step that is repeated
		total   float64
	}{
		// request, GET and state, computing, PUT and answer; again GET and state, computing, PUT and answer; response.
		"a repository": {plan.External, plan.ByWorker, "abaa", plan.Write, 2*0.02 + 1, 0.04 + 1 + 2*0.02 + 1},
		"its worker":   {plan.External, plan.ByWorker, "abbb", plan.Write, 1, 0.02 + 1 + 1},
		// GET and state, request, computing, response, PUT and answer; all of it again.
		"by client":         {plan.External, plan.ByClient, "abbb", plan.Write, 3*0.02 + 1, 2 * (3*0.02 + 1)},
		"by client, within": {plan.External, plan.ByClient, "aabb", plan.Write, 0.02 + 1, 2 * (0.02 + 1)},
		"at the worker":     {plan.InFunction, plan.ByWorker, "abbb", plan.Execute, 1, 0.02 + 1 + 1},
		"at two workers":    {plan.InFunction, plan.ByWorker, "abab", plan.Execute, 0, 0.02 + 1},
		"one after another": {plan.InClient, plan.ByWorker, "abbb", plan.Execute, 0, 2 * (0.02 + 1)},
	} {
		net, a, b := line(t, both(100*units.Gbps, delay))
		node := func(i int) topology.ID { return map[byte]topology.ID{'a': a, 'b': b}[c.nodes[i]] }
		p := branches(c.model, c.access, node(0), node(1), compute, node(2), node(3))
		o := bare()
		o.Compute = predict.Whole
		got := predictions(t, net, o, []*plan.Plan{p})[0]
		if math.Abs(got.Total-c.total) > 1e-5 {
			t.Errorf("%s: %.6f s, want %.6f s", name, got.Total, c.total)
		}
		more, repeated := 0.0, 0
		for i, parts := range got.Parts {
			if q := predict.Seconds(parts.Queueing); q > 1e-3 {
				more += q
				repeated++
				if p.Steps[i].Role != c.retried {
					t.Errorf("%s: a %s waits for %.6f s", name, p.Steps[i].Role, q)
				}
			}
			if took := got.Steps[i].End - got.Steps[i].Start; math.Abs(took-predict.Seconds(parts.Sum())) > 1e-12 {
				t.Errorf("%s: step %d takes %.9f s, its parts %.9f", name, i, took, predict.Seconds(parts.Sum()))
			}
		}
		if math.Abs(more-c.more) > 1e-5 || repeated > 1 {
			t.Errorf("%s: %d steps took %.6f s more, want %.6f s", name, repeated, more, c.more)
		}
	}
}

// On a shared processor, two branches of a second each end after two; the one that lost is alone then.
func TestRetryOnASharedProcessor(t *testing.T) {
	net, a, b := line(t, both(100*units.Gbps, 10*time.Millisecond))
	for model, total := range map[plan.Model]float64{plan.External: 0.02 + 2 + 1, plan.InFunction: 0.02 + 2 + 1} {
		o := bare()
		o.Compute = predict.Shared
		got := predictions(t, net, o, []*plan.Plan{branches(model, plan.ByWorker, a, b, 1000, b, b)})[0]
		if math.Abs(got.Total-total) > 1e-5 {
			t.Errorf("%s: %.6f s, want %.6f s", model, got.Total, total)
		}
	}
}

// Of n branches that begin together and take equally long, one is accepted in each round.
func TestManyLosers(t *testing.T) {
	net, a, b := line(t, both(100*units.Gbps, 10*time.Millisecond))
	for _, n := range []int{2, 5, 20} {
		workers := make([]topology.ID, n)
		for i := range workers {
			workers[i] = b
		}
		o := bare()
		o.Compute = predict.Whole
		got := predictions(t, net, o, []*plan.Plan{branches(plan.InFunction, plan.ByWorker, a, b, 1000, workers...)})[0]
		if want := 0.02 + float64(n); math.Abs(got.Total-want) > 1e-4 {
			t.Errorf("%d branches: %.6f s, want %.6f s", n, got.Total, want)
		}
	}
}

// rule is an execution model of package plan.
func rule(m plan.Model) plan.Rule {
	r, _ := plan.Rules.Find(catalogue.New(plan.Section()), string(m))
	return r
}
