package transport

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// Under load a prediction is the mean of several replays, which is the same each time, and whose parts add up.
func TestMeanOfReplays(t *testing.T) {
	net, hosts := cell(t, 5)
	plans := chains(hosts, 20, 4)
	o := DefaultOptions()
	o.PerMessage, o.Arrivals.Users = 200*time.Microsecond, 6
	e, err := New(net, speed, o)
	if err != nil {
		t.Fatal(err)
	}
	one, err := newReplay(e).predict(plans)
	if err != nil {
		t.Fatal(err)
	}
	all, again := predictions(t, net, o, plans), predictions(t, net, o, plans)
	if d := cmp.Diff(all, again); d != "" {
		t.Errorf("the second time differs: %s", d)
	}
	if cmp.Equal(one, all) {
		t.Error("it is that of one replay")
	}
	for i := range all {
		near(t, "the total of "+all[i].Job, all[i].Total, one[i].Total, 0.5*one[i].Total)
		near(t, "its division", all[i].Network+all[i].Processing, all[i].Total, 1e-9)
		for k, s := range all[i].Steps {
			near(t, fmt.Sprintf("%s, step %d", all[i].Job, k), predict.Seconds(all[i].Parts[k].Sum()), s.End-s.Start, 1e-11)
		}
	}
}

// TestMeanOfReplaysWithBranches: a job whose branches change one state waits for the one that is refused, whichever
// that is in a replay, and so on average.
func TestMeanOfReplaysWithBranches(t *testing.T) {
	net, hosts := cell(t, 4)
	p := branches(plan.External, plan.ByWorker, hosts[0], hosts[1], 100, hosts[2], hosts[2])
	o := bare()
	o.PerMessage, o.Overhead, o.Compute = 2*time.Millisecond, 5*time.Millisecond, predict.Whole
	e, err := New(net, speed, o)
	if err != nil {
		t.Fatal(err)
	}
	got := predictions(t, net, o, []*plan.Plan{p})[0]
	var total, network, processing float64
	for seed := range mostReplications {
		r := newReplay(e)
		if seed > 0 {
			r.random = rand.New(rand.NewPCG(uint64(seed), 0))
		}
		one, err := r.predict([]*plan.Plan{p})
		if err != nil {
			t.Fatal(err)
		}
		total += one[0].Total / mostReplications
		network += one[0].Network / mostReplications
		processing += one[0].Processing / mostReplications
	}
	near(t, "total", got.Total, total, 1e-9)
	near(t, "network", got.Network, network, 1e-9)
	near(t, "processing", got.Processing, processing, 1e-9)
	last := 0.0
	for _, s := range got.Steps {
		last = max(last, s.End)
	}
	if last > 0.99*got.Total {
		t.Errorf("the steps on average end after %v s of %v: no replay differs in who waits, and the test shows nothing",
			last, got.Total)
	}
}

func TestReplications(t *testing.T) {
	for hops, want := range map[int64]int{0: 8, 1000: 8, budget / 8: 8, budget / 5: 5, budget: 1, 100 * budget: 1} {
		if got := replications(hops); got != want {
			t.Errorf("of %d packet-hops %d replays, want %d", hops, got, want)
		}
	}
}

// Of a prediction that is the mean of replays which differ in who is cold, each says how many are: the instance of two
// that is warm goes to one of two chains which meet.
func TestStartsByReplay(t *testing.T) {
	net, hosts := cell(t, 3)
	spec := &instance.Spec{Limits: instance.Limits{Min: 1, Max: 2, Concurrency: 1, KeepAlive: time.Hour},
		Start: instance.Distribution{Median: 10 * time.Millisecond}}
	var plans []*plan.Plan
	for i := range 2 {
		p := coldPlan(i, spec)
		for s := range p.Steps {
			p.Steps[s].From, p.Steps[s].To = hosts[i], hosts[2]
			p.Steps[s].Bytes = 1000
		}
		p.Steps[3].From, p.Steps[3].To = hosts[2], hosts[i]
		p.Client, p.Invocations[0].Caller, p.Invocations[0].Worker = hosts[i], hosts[i], hosts[2]
		plans = append(plans, p)
	}
	o := DefaultOptions()
	o.PerMessage, o.Arrivals.Users = 5*time.Millisecond, 2
	all := predictions(t, net, o, plans)
	either := [2]bool{}
	if len(all[0].Starts) != mostReplications || len(all[1].Starts) != mostReplications {
		t.Fatalf("%v and %v: want a number for each of %d replays", all[0].Starts, all[1].Starts, mostReplications)
	}
	for k := range all[0].Starts {
		if sum := all[0].Starts[k] + all[1].Starts[k]; sum != 1 {
			t.Errorf("replay %d: %d of two chains are cold, want one", k, sum)
		}
		either[all[1].Starts[k]] = true
	}
	if !either[0] || !either[1] {
		t.Errorf("%v and %v: the same chain is cold in all replays, which shows nothing", all[0].Starts, all[1].Starts)
	}
	if all[0].Parts[1].Processing == 0 || all[1].Parts[1].Processing == 0 {
		t.Error("in the mean each is cold somewhat")
	}
}
