package transport

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// randomDAG has 1 to 60 tasks, each of which waits for some before it, and up to four states that several of them
// change.
func randomDAG(r *rand.Rand) workload.Job {
	job := workload.Job{Name: "random", Result: r.Int64N(1000)}
	for range r.IntN(5) {
		job.States = append(job.States, r.Int64N(100_000))
	}
	width := 1 + r.IntN(8)
	for i := range 1 + r.IntN(60) {
		task := workload.Task{Function: "f", Ops: r.Int64N(1000), Argument: r.Int64N(50_000)}
		for s := range job.States {
			if r.IntN(4) == 0 {
				task.States = append(task.States, s)
			}
		}
		for before := max(0, i-2*width); before < i; before++ {
			if r.IntN(width) == 0 {
				task.After = append(task.After, before)
			}
		}
		job.Tasks = append(job.Tasks, task)
	}
	return job
}

// Whatever the DAG, a step begins as soon as those that it waits for have ended, lasts as long as its parts, and what
// nobody else is in the way of waits for nothing; alone or beside others.
func TestRandomDAGs(t *testing.T) {
	net, hosts := cell(t, 5)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 15))
		jobs := []workload.Job{randomDAG(r), randomDAG(r)}
		place := &placement.Placement{Load: map[topology.ID]int{}}
		for i := range jobs {
			nodes := make([]topology.ID, jobs[i].Length())
			for n := range nodes {
				nodes[n] = hosts[r.IntN(len(hosts))]
			}
			place.Node, place.Client = append(place.Node, nodes), append(place.Client, hosts[i])
		}
		for _, m := range plan.Models {
			for _, access := range []plan.StateAccess{plan.ByWorker, plan.ByClient, chained} {
				of, access, err := carriedOut(m, access)
				if err != nil {
					continue // the client has to drive it
				}
				var plans []*plan.Plan
				for i := range jobs {
					plans = append(plans, of.Build(jobs, i, place, plan.Sites{Cloud: hosts[3], Central: hosts[4]}, access))
				}
				o := DefaultOptions()
				o.PerMessage, o.Arrivals.Users = 100*time.Microsecond, 1+int(seed%2)
				o.Compute = predict.Compute(seed % 3)
				e, err := New(net, speed, o)
				if err != nil {
					t.Fatal(err)
				}
				one, err := newReplay(e).predict(plans)
				if err != nil {
					t.Fatal(err)
				}
				for i, p := range predictions(t, net, o, plans) {
					// Of several replays the longest branch takes on average as long as the longest on average, at least.
					if last := follows(t, plans[i], &p); p.Total < last-1e-9 || p.Total > last+1e-9 && predict.Linear(plans[i]) {
						t.Errorf("%s: the last step ends at %g, the plan at %g", p.Model, last, p.Total)
					}
					if last := follows(t, plans[i], &one[i]); math.Abs(one[i].Total-last) > 1e-9 {
						t.Errorf("%s: in a replay the last step ends at %g, the plan at %g", p.Model, last, one[i].Total)
					}
				}
			}
		}
	}
}

// chained stands for workers that call each other.
const chained = plan.StateAccess("chained")

func carriedOut(m plan.Model, access plan.StateAccess) (plan.Rule, plan.StateAccess, error) {
	if access != chained {
		return rule(m), access, nil
	}
	of, err := rule(m).Orchestrated(plan.Chained)
	return of, plan.ByWorker, err
}

// follows holds a prediction against its plan's partial order, and returns when the last step ends, in s.
func follows(t *testing.T, p *plan.Plan, got *predict.Prediction) (last float64) {
	t.Helper()
	for i, s := range got.Steps {
		begin := 0.0
		for _, before := range p.Steps[i].After {
			begin = max(begin, got.Steps[before].End)
		}
		took := predict.Seconds(got.Parts[i].Sum())
		if s.Index != i || math.Abs(s.Start-begin) > 1e-9 || math.Abs(s.End-s.Start-took) > 1e-9 || took < 0 {
			t.Fatalf("%s: step %d, a %s, is %+v, its parts are %+v; those before end at %g",
				p.Model, i, p.Steps[i].Role, s, got.Parts[i], begin)
		}
		last = max(last, s.End)
	}
	return last
}
