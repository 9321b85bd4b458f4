package transport

import (
	"fmt"
	"math"
	"testing"
	"time"

	"testbed/emulator/faas/instance"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// heldShape is who uses an instance, and for how long.
type heldShape struct {
	model    plan.Model
	replicas int
	states   int
	access   plan.StateAccess
}

func heldShapes() (all []heldShape) {
	for states := range 3 {
		all = append(all, heldShape{plan.InFunction, 1, states, plan.ByWorker})
		for replicas := 1; replicas <= 3; replicas++ {
			all = append(all, heldShape{plan.InEdge, replicas, states, plan.ByWorker},
				heldShape{plan.InEdge, replicas, states, plan.ByClient})
		}
	}
	return all
}

// An invocation has its instance until the last of its states is written, by its worker: with replicas, until a
// majority of them has it. Then the next one has it, who has waited for it, and it is warm afterwards.
func TestInstancesAreFreedWithTheLastWrite(t *testing.T) {
	net, hosts := star(t, 0, time.Millisecond, 10*time.Millisecond, 30*time.Millisecond, 20*time.Millisecond)
	due := []time.Duration{0, 50 * time.Millisecond, time.Minute}
	o := bare()
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for _, j := range jobs {
			all = append(all, due[j])
		}
		return all
	}
	for _, shape := range heldShapes() {
		name := fmt.Sprintf("%s, %d replicas, %d states, by %s", shape.model, shape.replicas, shape.states, shape.access)
		freed(t, name, net, o, shape.plans(hosts, len(due)), due)
	}
}

// plans are so many chains of one invocation each: the first host is the client, the second the worker, the others are
// repositories.
func (s heldShape) plans(hosts []topology.ID, number int) (plans []*plan.Plan) {
	several := &plan.Repositories{Replicas: s.replicas, Delay: func(_, node topology.ID) float64 { return float64(node) }}
	for i, id := range hosts[2:] {
		several.Nodes = append(several.Nodes, plan.Named{ID: id, Name: string(rune('c' + i))})
	}
	r := rule(s.model)
	r.Lives = func(string, topology.ID) *instance.Spec {
		return &instance.Spec{Limits: instance.Limits{Max: 1, Concurrency: 1, KeepAlive: time.Hour},
			Start: instance.Distribution{Median: 100 * time.Millisecond}}
	}
	var jobs []workload.Job
	place := &placement.Placement{}
	for i := range number {
		task := workload.Task{Function: "f", Ops: 100, States: []int{0, 1}[:s.states]}
		jobs = append(jobs, workload.Job{Name: fmt.Sprint(i), States: []int64{1000, 2000}, Tasks: []workload.Task{task}})
		place.Client, place.Node = append(place.Client, hosts[0]), append(place.Node, []topology.ID{hosts[1]})
	}
	sites := plan.Sites{Central: hosts[2], Repositories: several}
	for i := range jobs {
		plans = append(plans, r.Build(jobs, i, place, sites, s.access))
	}
	return plans
}

// freed holds three chains' use of one instance against each other.
func freed(t *testing.T, name string, net *topology.Topology, o Options, plans []*plan.Plan, due []time.Duration) {
	t.Helper()
	all := predictions(t, net, o, plans)
	wait := func(chain int) (begin, end float64) {
		for i, s := range plans[chain].Steps {
			if s.Role == plan.Start {
				at := due[chain].Seconds()
				return at + all[chain].Steps[i].Start, at + all[chain].Steps[i].End
			}
		}
		t.Fatalf("%s: chain %d waits for no instance", name, chain)
		return 0, 0
	}
	last := plans[0].Occupied(&plans[0].Invocations[0])
	over := all[0].Steps[last].End
	begin, end := wait(1)
	if begin >= over {
		t.Fatalf("%s: the second comes at %v s, when the first has ended: the test shows nothing", name, begin)
	}
	if math.Abs(end-over) > 1e-9 {
		t.Errorf("%s: the second has the instance at %.6f s, the first until %.6f s", name, end, over)
	}
	if begin, end := wait(2); end-begin > 1e-9 {
		t.Errorf("%s: the third waits for %v s, and the instance is free and warm", name, end-begin)
	}
}
