package transport

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// pair is two chains of one message each, which begin at the same time.
func pair(a, b, c, d topology.ID, first, second int64) []*plan.Plan {
	one := func(index int, from, to topology.ID, bytes int64) *plan.Plan {
		return &plan.Plan{Job: fmt.Sprint(index), Index: index, Model: plan.InEdge, Steps: []plan.Step{
			{Role: plan.Request, From: from, To: to, Bytes: bytes, State: -1},
		}}
	}
	return []*plan.Plan{one(0, a, b, first), one(1, c, d, second)}
}

func predictions(t testing.TB, net *topology.Topology, o Options, plans []*plan.Plan) []predict.Prediction {
	t.Helper()
	e, err := New(net, speed, o)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Predict(plans)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func speed(topology.ID) float64 { return 1000 }

// The second of two packets waits for the first, and that is what its queueing says; on a medium whoever sends, on a
// cable only what goes the same way.
func TestWaitingIsCounted(t *testing.T) {
	for _, c := range []struct {
		name   string
		shared bool
		back   bool
		waits  int64 // ps
	}{
		{"a cable, one way", false, false, 1066 * 8 * 100_000},
		{"a cable, both ways", false, true, 0},
		{"a medium, both ways", true, true, 1066 * 8 * 100_000},
	} {
		net, a, b := line(t, cable{10 * units.Mbps, 10 * units.Mbps, 5 * time.Millisecond, c.shared})
		o := bare()
		o.Arrivals.Users = 2
		from, to := a, b
		if c.back {
			from, to = b, a
		}
		all := predictions(t, net, o, pair(a, b, from, to, 1000, 1000))
		if q := all[0].Parts[0].Queueing; q != 0 {
			t.Errorf("%s: the first waits for %d ps", c.name, q)
		}
		if q := all[1].Parts[0].Queueing; q != c.waits {
			t.Errorf("%s: the second waits for %d ps, want %d", c.name, q, c.waits)
		}
	}
}

// Two long transfers that begin together share a cable, and so end at twice the time; one that comes in the midst of
// another takes what it takes as long as they share.
func TestTransfersShare(t *testing.T) {
	net, a, b := line(t, both(50*units.Mbps, 5*time.Millisecond))
	o := bare()
	alone := predictions(t, net, o, pair(a, b, a, b, 5e6, 5e6))[0].Total
	o.Arrivals.Users = 2
	all := predictions(t, net, o, pair(a, b, a, b, 5e6, 5e6))
	for _, p := range all {
		near(t, "one of two", p.Total, 2*alone, 0.1*alone)
	}
	o.Arrivals = predict.Arrivals{Due: func([]int) []time.Duration {
		return []time.Duration{0, time.Duration(alone / 2 * 1e9)}
	}}
	all = predictions(t, net, o, pair(a, b, a, b, 5e6, 5e6))
	sum := 10e6 * 1514 / 1448 * 8 / 50e6
	near(t, "the one that came later", all[1].Total, sum-alone/2, 0.1*alone)
	// Most of the time the first, whose window is large and keeps the queue full, gets more of the rate than the second.
	if all[0].Total < 1.1*alone || all[0].Parts[0].Queueing < int64(0.1*alone*float64(second)) {
		t.Errorf("the first takes %v s, alone %v s: %+v", all[0].Total, alone, all[0].Parts[0])
	}
}

// Chains that do not meet take what they take alone, to the last bit, however they begin.
func TestApartInTime(t *testing.T) {
	net, hosts := cell(t, 9)
	plans := chains(hosts, 30, 3)
	o := DefaultOptions()
	o.Fresh = true
	want := predictions(t, net, o, plans)
	for name, arrivals := range map[string]predict.Arrivals{
		"one user": {Users: 1},
		"an open loop": {Due: func(jobs []int) []time.Duration {
			due := make([]time.Duration, len(jobs))
			for i, job := range jobs {
				due[i] = time.Duration(job) * time.Hour
			}
			return due
		}},
	} {
		o.Arrivals = arrivals
		if d := cmp.Diff(want, predictions(t, net, o, plans)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// A queue that is too short for what many senders have under way drops packets; they are sent again, the queue is kept
// busy, and everybody gets there.
func TestDropsAreMended(t *testing.T) {
	net, a, b := line(t, both(20*units.Mbps, 20*time.Millisecond))
	link, _ := net.Lookup("link0")
	const senders, size = 6, int64(4e6)
	for _, limit := range []units.ByteSize{10 * 1514, 40 * 1514, 200 * 1514} {
		o := bare()
		o.Queues = map[topology.Channel]units.ByteSize{{Link: link}: limit}
		o.Arrivals.Users = senders
		var plans []*plan.Plan
		for i := range senders {
			p := pair(a, b, a, b, size, size)[0]
			p.Index = i
			plans = append(plans, p)
		}
		e, err := New(net, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		r := newReplay(e)
		all, err := r.predict(plans)
		if err != nil {
			t.Fatal(err)
		}
		last := slices.MaxFunc(all, func(a, b predict.Prediction) int { return int(1e6 * (a.Total - b.Total)) }).Total
		payload := float64(senders*size) / 1448
		if least := payload * 1514 * 8 / 20e6; last < least || last > 1.25*least {
			t.Errorf("limit %v: %.3f s, at the full rate %.3f s", limit, last, least)
		}
		if lost := float64(r.network.count)/(1.5*payload) - 1; limit < 100*1514 && lost < 0.001 {
			t.Errorf("limit %v: %d packets and ACKs, nothing was sent twice", limit, r.network.count)
		}
	}
}

// Tasks at work on one node at a time share its speed where the scenario says so, and only then.
func TestSharedProcessor(t *testing.T) {
	net, a, b := line(t, both(0, time.Millisecond))
	for compute, want := range map[predict.Compute][2]float64{
		predict.Allotted: {0.3, 0.3}, predict.Shared: {0.2, 0.2}, predict.Whole: {0.1, 0.1},
	} {
		o := bare()
		o.Compute, o.Arrivals.Users = compute, 2
		all := predictions(t, net, o, []*plan.Plan{twoSteps(a, b, 10), twoSteps(a, b, 10)})
		for i := range all {
			near(t, fmt.Sprintf("compute %d, chain %d", compute, i), all[i].Processing, want[i], 1e-9)
			if waits := all[i].Parts[1].Queueing; compute == predict.Shared && waits != second/10 {
				t.Errorf("it waits for %d ps", waits)
			}
		}
	}
	o := bare()
	o.Compute = predict.Shared
	near(t, "alone", predictions(t, net, o, []*plan.Plan{twoSteps(a, b, 10)})[0].Processing, 0.1, 1e-12)
}

// A connection that is not there yet costs a round trip; of those that are, the one used last is taken.
func TestConnections(t *testing.T) {
	net, a, b := line(t, both(units.Gbps, 30*time.Millisecond))
	o := bare()
	warm := predictions(t, net, o, pair(a, b, a, b, 1000, 1000))
	o.Connections = -1
	cold := predictions(t, net, o, pair(a, b, a, b, 1000, 1000))
	setUp := 0.060 + 2*66*8/1e9
	near(t, "cold", cold[0].Total, warm[0].Total+setUp, tick)
	near(t, "the next one", cold[1].Total, warm[1].Total, tick)
	o.Connections, o.Arrivals.Users = 1, 2
	both := predictions(t, net, o, pair(a, b, a, b, 1000, 1000))
	near(t, "of two at a time the first", both[0].Total, warm[0].Total, tick)
	near(t, "of two at a time the second", both[1].Total, warm[0].Total+setUp, 2e-5)

	e, err := New(net, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	r := newReplay(e)
	first, _ := r.take(a, b)
	second, set := r.take(a, b)
	r.give(first)
	r.give(second)
	if got, _ := r.take(a, b); !set || got != second {
		t.Errorf("the connection used last is not the first to be used; a second was set up: %v", set)
	}
}

// Whatever meets whom: parts add up to the steps' durations, nothing waits less than not at all, all comes to an end,
// nothing is left on the network but last ACKs, and the same again is the same.
func TestManyMeet(t *testing.T) {
	net, hosts := cell(t, 9)
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		plans := chains(hosts, 60, 10+seed)
		o := DefaultOptions()
		o.PerMessage, o.Connections = 100*time.Microsecond, random.IntN(5)-1
		o.Compute = predict.Compute(random.IntN(3))
		if o.Arrivals.Users = 2 + random.IntN(40); seed%2 == 1 {
			o.Arrivals.Due = func(jobs []int) []time.Duration {
				due := make([]time.Duration, len(jobs))
				for i := range due {
					due[i] = time.Duration(i) * 100 * time.Millisecond
				}
				return due
			}
		}
		if seed > 2 {
			o.Queues = map[topology.Channel]units.ByteSize{}
			for _, link := range net.Links() {
				o.Queues[topology.Channel{Link: link}] = 20 * 1514
				o.Queues[topology.Channel{Link: link, Dir: 1}] = 20 * 1514
			}
		}
		e, err := New(net, func(topology.ID) float64 { return 1000 }, o)
		if err != nil {
			t.Fatal(err)
		}
		r := newReplay(e)
		all, err := r.predict(plans)
		if err != nil {
			t.Fatal(err)
		}
		waited := int64(0)
		for _, p := range all {
			for i, s := range p.Steps {
				parts := p.Parts[i]
				near(t, fmt.Sprintf("seed %d, %s, step %d", seed, p.Job, i), predict.Seconds(parts.Sum()), s.End-s.Start, 1e-11)
				least := min(parts.Propagation, parts.Serialisation, parts.SlowStart, parts.RoundTrip, parts.Host, parts.Queueing)
				if least < 0 {
					t.Errorf("seed %d, %s, step %d: %+v", seed, p.Job, i, parts)
				}
				waited += parts.Queueing
			}
		}
		if waited == 0 {
			t.Errorf("seed %d: nobody waited", seed)
		}
		for i := range r.network.queues {
			for _, f := range r.network.queues[i].users {
				if !f.told {
					t.Errorf("seed %d: a message is still under way", seed)
				}
			}
		}
		again, err := newReplay(e).predict(plans)
		if d := cmp.Diff(all, again); err != nil || d != "" {
			t.Errorf("seed %d: the second time differs: %v %s", seed, err, d)
		}
	}
}

// Memory is taken for chains, not for packets.
func TestNoAllocationByPacket(t *testing.T) {
	net, a, b := line(t, both(units.Gbps, 0), both(50*units.Mbps, 10*time.Millisecond))
	o := bare()
	o.Arrivals.Users = 2
	e, err := New(net, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	took := func(size int64) float64 {
		return testing.AllocsPerRun(3, func() {
			if _, err := e.Predict(pair(a, b, a, b, size, size)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := took(4e6), took(40e6); many > few+20 {
		t.Errorf("%v allocations for 5,500 packets, %v for 55,000", few, many)
	}
}

// TestNoTime: what takes no time is there when it was sent, also where it meets others, and at the very begin.
func TestNoTime(t *testing.T) {
	net, a, b := line(t, cable{})
	for _, begin := range []time.Duration{0, time.Second} {
		o := bare()
		o.Arrivals.Due = func(jobs []int) []time.Duration { return slices.Repeat([]time.Duration{begin}, len(jobs)) }
		for i, bytes := range []int64{1, 1e6} {
			for _, p := range predictions(t, net, o, pair(a, b, a, b, bytes, bytes)) {
				if p.Total != 0 {
					t.Errorf("case %d, from %v on: it takes %v s", i, begin, p.Total)
				}
			}
		}
	}
}
