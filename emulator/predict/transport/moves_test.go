package transport

import (
	"fmt"
	"math"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// around is hosts around a switch, each behind a cable.
func around(t *testing.T, c cable, names ...string) (*topology.Topology, []topology.ID) {
	t.Helper()
	net := topology.New("star")
	add := func(v topology.Vertex) topology.ID {
		id, err := net.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	var hosts []topology.ID
	for _, name := range names {
		hosts = append(hosts, add(topology.Vertex{Name: name}))
	}
	hub := add(topology.Vertex{Name: "hub", Kind: topology.Switch})
	for i, h := range hosts {
		link := topology.Vertex{Name: "to-" + names[i], Kind: topology.Link}
		link.Shape = [2]topology.Shape{{Rate: c.up, Delay: c.delay}, {Rate: c.down, Delay: c.delay}}
		l := add(link)
		net.Join(h, l, 0)
		net.Join(l, hub, 0)
	}
	return net, hosts
}

// usesTrack invokes f of client at worker once, which changes the client's state of so many bytes.
func usesTrack(index int, client, worker topology.ID, state, ops int64) *plan.Plan {
	return &plan.Plan{
		Job: "j", Index: index, Model: plan.InFunction, Client: client, StateBytes: []int64{state},
		Lasting: []string{"track"},
		Steps: []plan.Step{
			{Role: plan.Request, From: client, To: worker, Bytes: 100, State: -1},
			{Kind: plan.Compute, Role: plan.Execute, From: worker, To: worker, Ops: ops, State: -1, Pair: 1, After: []int{0}},
			{Role: plan.Response, From: worker, To: client, Bytes: 100, State: -1, After: []int{1}},
		},
		Invocations: []plan.Invocation{{
			Function: "f", Caller: client, Worker: worker, Argument: 100, Result: 100, Ops: ops, Load: 1, Steps: []int{0, 1, 2},
			States: []plan.Access{{Bytes: state, Location: plan.Local, Node: worker}},
		}},
	}
}

// begun is chains that begin at the given times, in ms; one in which an operation takes a millisecond.
type begun struct {
	at  float64
	ops int64
}

func predictMoves(t *testing.T, c cable, state int64, move predict.Move, chains []begun) []predict.Prediction {
	t.Helper()
	net, hosts := around(t, c, "client", "box", "target")
	if move.Until > 0 {
		move.Drained, move.Targets = hosts[1:2], map[topology.ID]topology.ID{hosts[0]: hosts[2]}
	} else {
		move.Function, move.Client, move.Placed, move.To = "f", hosts[0], hosts[1:2], hosts[2]
	}
	o := bare()
	o.Moves = []predict.Move{move}
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for _, j := range jobs {
			all = append(all, time.Duration(chains[j].at*float64(time.Millisecond)))
		}
		return all
	}
	var plans []*plan.Plan
	for i, b := range chains {
		plans = append(plans, usesTrack(i, hosts[0], hosts[1], state, b.ops))
	}
	return predictions(t, net, o, plans)
}

// TestRequestsDuringAMove: links of 10 ms on which bytes take no time. The move is ordered at 1 s, and a round trip of
// 40 ms each takes its connection, its offer and its only round, for which the instance is held from 1.08 to 1.12 s.
func TestRequestsDuringAMove(t *testing.T) {
	chains := []begun{
		{0, 0},     // before the move
		{1050, 0},  // is there at 1.07, before it is held
		{1070, 0},  // at 1.09: waits until 1.12, is back at 1.14, at the target at 1.16
		{1110, 0},  // at 1.13: sent back at once
		{1145, 0},  // the client knows
		{1500, 10}, // as before, but that it computes
	}
	want := []float64{40, 40, 110, 80, 40, 50}
	got := predictMoves(t, both(100*units.Gbps, 10*time.Millisecond), 1000, predict.Move{At: time.Second}, chains)
	for i := range got {
		near(t, "chain", got[i].Total, want[i]/1000, 20e-6)
	}
	if wait := predict.Seconds(got[2].Parts[0].Queueing); math.Abs(wait-0.07) > 20e-6 {
		t.Errorf("of the request that was held %v s are counted as queueing, not 0.07", wait)
	}
	near(t, "the target's computation", got[5].Steps[1].End-got[5].Steps[1].Start, 0.01, 1e-9)
}

// TestMoveWaitsForInvocationsAtWork: one at work until 1.17 s lets the last round end at 1.21 s.
func TestMoveWaitsForInvocationsAtWork(t *testing.T) {
	got := predictMoves(t, both(100*units.Gbps, 10*time.Millisecond), 1000, predict.Move{At: time.Second},
		[]begun{{1050, 100}, {1070, 0}})
	near(t, "at work", got[0].Total, 0.140, 20e-6)
	near(t, "held", got[1].Total, 1.210+0.020+0.040-1.070, 20e-6)
}

// TestMovesTravel: what a state of 1 MB takes at 10 Mb/s, 0.84 s with its headers, is for how long stop-and-copy holds
// a request; pre-copy holds one for a round trip or, of a state that it changed meanwhile, as long.
func TestMovesTravel(t *testing.T) {
	slow := both(10*units.Mbps, time.Millisecond)
	late := func(move predict.Move, chains ...begun) float64 {
		all := predictMoves(t, slow, 1e6, move, chains)
		return all[len(all)-1].Total
	}
	if held := late(predict.Move{At: 0}, begun{20, 0}); held < 0.80 || held > 0.86 {
		t.Errorf("stop-and-copy: a request that comes at its begin takes %v s", held)
	}
	if during := late(predict.Move{At: 0, Rounds: 8}, begun{300, 0}); during > 0.1 {
		t.Errorf("pre-copy: a request during its first round takes %v s", during)
	}
	if again := late(predict.Move{At: 0, Rounds: 1}, begun{300, 0}, begun{900, 0}); again < 0.70 || again > 0.86 {
		t.Errorf("pre-copy: a request during its last round, of a state that was changed, takes %v s", again)
	}
	if clean := late(predict.Move{At: 0, Rounds: 1}, begun{900, 0}); clean > 0.02 {
		t.Errorf("pre-copy: a request after it takes %v s", clean)
	}
}

// TestLastRoundsNameAllStates: of a thousand empty states pre-copy copies few again, and holds requests for as long as
// it takes to say which there are: of 40 kB, 33 ms at 10 Mb/s with their headers.
func TestLastRoundsNameAllStates(t *testing.T) {
	net, hosts := around(t, both(10*units.Mbps, time.Millisecond), "client", "box", "target")
	o := bare()
	o.Moves = []predict.Move{{Function: "f", Client: hosts[0], Placed: hosts[1:2], To: hosts[2], Rounds: 1}}
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for _, j := range jobs {
			all = append(all, time.Duration(j)*time.Millisecond)
		}
		return all
	}
	var plans []*plan.Plan
	for i := range 500 {
		p := usesTrack(i, hosts[0], hosts[1], 0, 0)
		if i == 499 {
			inv := &p.Invocations[0]
			for k := 1; k < 1000; k++ {
				p.StateBytes, p.Lasting = append(p.StateBytes, 0), append(p.Lasting, fmt.Sprint(k))
				inv.States = append(inv.States, plan.Access{State: k, Location: plan.Local, Node: hosts[1]})
			}
		}
		plans = append(plans, p)
	}
	longest := 0.0
	for _, p := range predictions(t, net, o, plans) {
		longest = max(longest, predict.Seconds(p.Parts[0].Queueing))
	}
	if want := 0.033; longest < want || longest > want+0.02 {
		t.Errorf("a request waits for %v s at most, want %v and a round trip more", longest, want)
	}
}

// TestDrain: what is on the node leaves it as by any move; a state of 1 MB at 10 Mb/s does not in 0.3 s, and who waits
// for it then is served where it is.
func TestDrain(t *testing.T) {
	got := predictMoves(t, both(100*units.Gbps, 10*time.Millisecond), 1000,
		predict.Move{At: time.Second, Until: 2 * time.Second}, []begun{{1070, 0}, {2500, 0}})
	near(t, "held", got[0].Total, 0.110, 20e-6)
	near(t, "afterwards", got[1].Total, 0.040, 20e-6)
	got = predictMoves(t, both(10*units.Mbps, time.Millisecond), 1e6,
		predict.Move{At: time.Second, Until: 1300 * time.Millisecond}, []begun{{1100, 0}, {2500, 0}})
	if late := got[0].Total; late < 0.202 || late > 0.25 { // what of the state is on the link comes before the response
		t.Errorf("a request during a drain that is given up after 0.2 s takes %v s", late)
	}
	near(t, "where it has stayed", got[1].Total, 0.0045, 0.0005)
}

// TestRebalancing: the policy is asked each second, is told what the instance has had to do, and is obeyed.
func TestRebalancing(t *testing.T) {
	net, hosts := around(t, both(100*units.Gbps, 10*time.Millisecond), "client", "box", "target")
	var rates []float64
	o := bare()
	o.Rebalance = &predict.Rebalance{Every: time.Second,
		Decide: func(at time.Duration, all []predict.Seen, _ *predict.Standby) ([]predict.Decision, error) {
			if rates = append(rates, all[0].Rate); at != 2*time.Second {
				return nil, nil
			}
			if all[0].At != hosts[1] || all[0].Bytes != 1000 || all[0].Client != hosts[0] || len(all) != 1 {
				t.Errorf("%+v", all)
			}
			return []predict.Decision{{To: hosts[2]}}, nil
		}}
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for _, j := range jobs {
			all = append(all, time.Duration(j)*500*time.Millisecond)
		}
		return all
	}
	var plans []*plan.Plan
	for i := range 8 {
		plans = append(plans, usesTrack(i, hosts[0], hosts[1], 1000, 0))
	}
	got := predictions(t, net, o, plans)
	// The fifth begins at 2 s with the move, is executed before it is held, and the sixth comes when it is elsewhere.
	for i, want := range []float64{0.04, 0.04, 0.04, 0.04, 0.04, 0.08, 0.04, 0.04} {
		near(t, "chain", got[i].Total, want, 20e-6)
	}
	if len(rates) != 3 {
		t.Fatalf("rates %v", rates)
	}
	for i, want := range []float64{2 / 0.98, 4 / 1.98, 0} {
		near(t, "rate", rates[i], want, 0.01)
	}
}

// TestMovesMeetOthers: a response of 20 kB that leaves the source during a move shares its link with it.
func TestMovesMeetOthers(t *testing.T) {
	net, hosts := around(t, both(10*units.Mbps, time.Millisecond), "client", "box", "target")
	other := func(moves []predict.Move) predict.Parts {
		o := bare()
		o.Moves = moves
		o.Arrivals.Due = func(jobs []int) []time.Duration { return []time.Duration{0, 200 * time.Millisecond}[:len(jobs)] }
		p := usesTrack(1, hosts[0], hosts[1], 0, 0)
		p.Lasting, p.StateBytes, p.Invocations[0].States, p.Invocations[0].Function = nil, nil, nil, "g"
		p.Steps[2].Bytes, p.Invocations[0].Result = 20_000, 20_000
		return predictions(t, net, o, []*plan.Plan{usesTrack(0, hosts[0], hosts[1], 1e6, 0), p})[1].Parts[2]
	}
	quiet := other(nil)
	busy := other([]predict.Move{{
		At: 50 * time.Millisecond, Function: "f", Client: hosts[0], Placed: hosts[1:2], To: hosts[2],
	}})
	if quiet.Queueing != 0 || predict.Seconds(busy.Queueing) < 0.005 {
		t.Errorf("the response queues for %v and, beside a move, %v ps", quiet.Queueing, busy.Queueing)
	}
}
