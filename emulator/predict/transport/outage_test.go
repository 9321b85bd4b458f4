package transport

import (
	"slices"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// timed are chains of the hosts' function that begin at times in ms, over links of 10 ms on which bytes take no time.
func timed(t *testing.T, change func(*Options, []topology.ID), at ...float64) []predict.Prediction {
	t.Helper()
	net, hosts := around(t, both(100*units.Gbps, 10*time.Millisecond), "client", "box", "target")
	o := bare()
	o.Arrivals.Due = func(jobs []int) (all []time.Duration) {
		for _, j := range jobs {
			all = append(all, time.Duration(at[j]*float64(time.Millisecond)))
		}
		return all
	}
	change(&o, hosts)
	var plans []*plan.Plan
	for i := range at {
		plans = append(plans, usesTrack(i, hosts[0], hosts[1], 1000, 0))
	}
	return predictions(t, net, o, plans)
}

// TestOutage: a worker carries nothing from 1 to 1.5 s. What is on its way to it then is sent again after 0.24 s, the
// round trip's 0.04 included, as a probe, 0.24 s later, and again after that: a router says that the worker is
// unreachable. The worker's own responses, of which nobody says anything, are sent again 0.48 s after that.
func TestOutage(t *testing.T) {
	got := timed(t, func(o *Options, hosts []topology.ID) {
		o.Outages = []predict.Outage{{Node: hosts[1], From: time.Second, To: 1500 * time.Millisecond},
			{Node: hosts[2], From: 0, To: time.Hour}}
	}, 0, 975, 990, 1100, 2500)
	for i, want := range []float64{0.04, 0.04 + 0.96, 0.04 + 0.72, 0.04 + 0.48, 0.04} {
		near(t, "chain", got[i].Total, want, 20e-6)
	}
}

// TestStandby: of a program that stands by at the target an instance takes a second to start, from 1.08 s on, when the
// offer was taken. Until then what comes waits. It has ended where it was, and starts again for the way back.
func TestStandby(t *testing.T) {
	got := timed(t, func(o *Options, hosts []topology.ID) {
		o.Starts = predict.Starts{"f": {Median: time.Second}}
		to := func(at time.Duration, id topology.ID) predict.Move {
			return predict.Move{At: at, Function: "f", Client: hosts[0], Placed: hosts[1:2], To: id}
		}
		o.Moves = []predict.Move{to(time.Second, hosts[2]), to(4*time.Second, hosts[1])}
	}, 1070, 3000, 4070)
	near(t, "held until the start", got[0].Total, 2.08-1.07+0.06, 20e-6)
	near(t, "afterwards", got[1].Total, 0.04, 20e-6)
	near(t, "on the way back", got[2].Total, 2.08-1.07+0.06, 20e-6)
}

// TestPolicyKnowsStarts: it is told how long a program takes to start where it is not warm, that it is warm where its
// instance has gone, and not any more where that has left.
func TestPolicyKnowsStarts(t *testing.T) {
	net, hosts := around(t, both(100*units.Gbps, 10*time.Millisecond), "client", "box", "target")
	var there, here []time.Duration
	o := bare()
	o.Starts = predict.Starts{"f": {Median: time.Second}}
	o.Arrivals.Due = func([]int) []time.Duration { return []time.Duration{0, 4 * time.Second} }
	o.Rebalance = &predict.Rebalance{Every: 1500 * time.Millisecond,
		Decide: func(_ time.Duration, all []predict.Seen, starts *predict.Standby) ([]predict.Decision, error) {
			here = append(here, starts.Expect(all[0].Functions, hosts[1]).Median)
			if there = append(there, starts.Expect(all[0].Functions, hosts[2]).Median); len(there) > 1 {
				return nil, nil
			}
			return []predict.Decision{{To: hosts[2]}}, nil
		}}
	chain := func(i int) *plan.Plan { return usesTrack(i, hosts[0], hosts[1], 1000, 0) }
	predictions(t, net, o, []*plan.Plan{chain(0), chain(1)})
	if !slices.Equal(there, []time.Duration{time.Second, 0}) || !slices.Equal(here, []time.Duration{0, time.Second}) {
		t.Errorf("starts of %v at the target, %v where it is placed", there, here)
	}
}

// TestLateRounds: what the policy has decided lasts longer than the time between two rounds; it is asked again when
// that is done, as in the emulation, and not while the instance is on its way.
func TestLateRounds(t *testing.T) {
	net, hosts := around(t, both(10*units.Mbps, time.Millisecond), "client", "box", "target")
	var seen []topology.ID
	var at []time.Duration
	o := bare()
	o.Arrivals.Due = func(jobs []int) []time.Duration { return []time.Duration{0, 2500 * time.Millisecond} }
	o.Rebalance = &predict.Rebalance{Every: 300 * time.Millisecond,
		Decide: func(when time.Duration, all []predict.Seen, _ *predict.Standby) ([]predict.Decision, error) {
			at, seen = append(at, when), append(seen, all[0].At)
			if len(seen) == 1 {
				return []predict.Decision{{Index: 0, To: hosts[2]}}, nil
			}
			return nil, nil
		}}
	chain := func(i int) *plan.Plan { return usesTrack(i, hosts[0], hosts[1], 1e6, 0) }
	predictions(t, net, o, []*plan.Plan{chain(0), chain(1)})
	if len(seen) < 8 || seen[0] != hosts[1] || seen[1] != hosts[2] {
		t.Errorf("the instance was seen on %v; the target is %v", seen, hosts[2])
	}
	for i := range at {
		if at[i] != time.Duration(i+1)*300*time.Millisecond {
			t.Errorf("asked for %v", at)
			break
		}
	}
}
