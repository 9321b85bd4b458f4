package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/topology"
)

// punctual is an agent that the host has never kept from running, so that only what a test plants disturbs.
type punctual struct{ Agent }

func (punctual) Spells(context.Context, uint64, int) (health.Report, error) {
	return health.Report{Now: 1 << 62, Last: true}, nil
}

// disturbedRun replays one chain on punctual agents beside a fabric that stalls a number of times.
func disturbedRun(t *testing.T, stalled int64, how Disturbed, arrival Arrival) (Summary, record.Chain, int, error) {
	t.Helper()
	n := start(t)
	c, d := n.config(t, plans(1, plan.InEdge))
	inner := c.Clients
	c.Clients = func(id topology.ID) Agent { return punctual{inner(id)} }
	c.Spells, c.Disturbed, c.Arrival = stalls(inner(0), stalled), how, arrival
	sum, err := Run(t.Context(), c)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	chains, err2 := recordtest.Chains(d.Path())
	if err2 != nil || len(chains) != 1 {
		t.Fatalf("%d chains, %v", len(chains), err2)
	}
	attempts, err2 := recordtest.Points(d.Path(), "attempt")
	if err2 != nil {
		t.Fatal(err2)
	}
	return sum, chains[0], len(attempts), err
}

// stalls is a fabric that was late all the time so far whenever it is asked after the first time, so often.
// It reads the clock of an agent.
func stalls(clock Agent, left int64) func(context.Context, uint64) (health.Report, error) {
	asked := false
	return func(ctx context.Context, since uint64) (health.Report, error) {
		now, err := clock.Spells(ctx, 0, 0)
		r := health.Report{Now: now.Now, Since: since, Next: since, Last: true}
		if err != nil || !asked {
			asked = true
			return r, err
		}
		if left--; left >= 0 {
			r.Spells = []health.Spell{{From: 0, To: r.Now, Why: health.Overslept}}
			r.Next++
		}
		return r, nil
	}
}

func TestDisturbedChains(t *testing.T) {
	for name, c := range map[string]struct {
		stalled   int64
		how       Disturbed
		arrival   Arrival
		attempt   int
		disturbed int
		fails     bool
	}{
		"no":                  {0, Disturbed{Attempts: 4}, nil, 1, 0, false},
		"twice":               {2, Disturbed{Attempts: 4}, nil, 3, 0, false},
		"always":              {99, Disturbed{Attempts: 4}, nil, 4, 1, false},
		"kept":                {99, Disturbed{}, nil, 1, 1, false},
		"isolated":            {2, Disturbed{Attempts: 4}, Isolated{Most: 4}, 3, 0, false},
		"beside others":       {99, Disturbed{Attempts: 4}, Concurrent{Users: 2}, 1, 1, false},
		"not to be tolerated": {99, Disturbed{Fail: true}, nil, 1, 1, true},
		"by little":           {99, Disturbed{Share: 1, Attempts: 4}, nil, 1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, chain, attempts, err := disturbedRun(t, c.stalled, c.how, c.arrival)
			if c.fails != errors.Is(err, ErrDisturbed) || !c.fails && err != nil {
				t.Fatal(err)
			}
			m := s.Models[0]
			if chain.Attempt != c.attempt || attempts != c.attempt-1 || m.Repeated != c.attempt-1 {
				t.Errorf("attempt %d, %d before it, %d counted; want %d", chain.Attempt, attempts, m.Repeated, c.attempt)
			}
			if m.Disturbed != c.disturbed || chain.Disturbed != (c.disturbed > 0) || m.Done != 1 {
				t.Errorf("%+v: %+v", m, chain)
			}
			if h := chain.Host; h == nil || !h.FabricKnown || (h.All > 0) != (c.stalled > int64(attempts)) ||
				h.All != h.Fabric || h.Nodes != 0 || h.All > chain.Measured.Latency+1e-9 {
				t.Errorf("the host's part %+v of %v s", h, chain.Measured.Latency)
			}
		})
	}
}

// TestReportersThatForgetHaveBeenLate as long as nobody knows of anything.
func TestReportersThatForgetHaveBeenLate(t *testing.T) {
	answers := []health.Report{
		{Now: 100, Last: true},
		{Now: 150, Since: 0, Next: 1, Spells: []health.Spell{{From: 110, To: 120}}}, // and more, which are asked for
		{Now: 500, Since: 7, Next: 8, Spells: []health.Spell{{From: 400, To: 410, Station: "a"}}, Last: true},
	}
	r := &reporter{ask: func(_ context.Context, since uint64) (health.Report, error) {
		a := answers[0]
		answers = answers[1:]
		return a, nil
	}}
	for _, instant := range []int64{100, 450} {
		if err := r.until(t.Context(), instant, 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(answers) > 0 || r.next != 8 || r.known != 500 {
		t.Errorf("next %d, known %d", r.next, r.known)
	}
	if got := health.Overlap(r.during(0, 500, nil), 0, 500); got != 310 { // 100 to 410, 110 to 120 among it
		t.Errorf("late for %d ns", got)
	}
	if all := r.during(405, 500, map[string]bool{"a": true}); len(all) != 2 {
		t.Errorf("%+v", all)
	}
	if err := r.until(t.Context(), 450, 411); err != nil || len(r.spells) != 0 {
		t.Errorf("%+v, %v", r.spells, err)
	}
	endless := &reporter{ask: func(context.Context, uint64) (health.Report, error) { return health.Report{}, nil }}
	if err := endless.until(t.Context(), 10, 0); err == nil {
		t.Error("it is asked without end")
	}
}

// TestSpellsCountForEveryChainTheyTouch: of chains side by side, each has those of its own nodes' stations and those of
// the whole fabric, whichever asks first.
func TestSpellsCountForEveryChainTheyTouch(t *testing.T) {
	told := health.Report{Now: 1000, Last: true, Next: 3, Spells: []health.Spell{
		{From: 100, To: 200, Station: "n1"}, {From: 300, To: 350}, {From: 390, To: 395, Station: "n2"},
	}}
	chains := []struct {
		nodes    []topology.ID
		from, to int64
		want     float64 // ns
	}{
		{[]topology.ID{0, 1}, 50, 400, 150}, {[]topology.ID{3, 2}, 120, 392, 52}, {[]topology.ID{4, 5}, 310, 320, 10},
		{[]topology.ID{1, 5}, 150, 250, 50}, {[]topology.ID{6, 7}, 400, 500, 0},
	}
	for first := range chains {
		c := Config{Name: func(id topology.ID) (string, string) { return fmt.Sprintf("n%d", id), "" },
			Spells: func(_ context.Context, since uint64) (health.Report, error) {
				if since > 0 {
					return health.Report{Now: 1000, Since: since, Next: since, Last: true}, nil
				}
				return told, nil
			}}
		l := newLateness(&c, func(topology.ID) Agent { return punctual{} })
		for i := range chains {
			one := chains[(first+i)%len(chains)]
			late := l.of(t.Context(), one.nodes, one.from, one.to)
			if late == nil || math.Abs(late.All*1e9-one.want) > 1e-6 || late.All != late.Fabric || !late.FabricKnown {
				t.Errorf("beginning with %d, nodes %v: %+v, want %v ns", first, one.nodes, late, one.want)
			}
		}
	}
}

// What has lost something is not tried again: the chain that is kept would have lost nothing.
func TestLossesAreNotRepeatedAway(t *testing.T) {
	late := func(o outcome) *outcome {
		o.result, o.host = &faas.ChainResult{Start: 0, End: 1e9}, &record.HostLate{All: 1}
		return &o
	}
	d := Disturbed{Share: DefaultShare}
	fine := faas.StateCheck{Have: 2, Want: 2, Intact: true}
	for name, c := range map[string]struct {
		outcome
		disturbed bool
	}{
		"nothing":      {outcome{checks: []faas.StateCheck{fine}}, true},
		"writes":       {outcome{writesLost: 1}, false},
		"a state":      {outcome{checks: []faas.StateCheck{fine, {Have: 1, Want: 2, Intact: true}}}, false},
		"its contents": {outcome{checks: []faas.StateCheck{{Have: 2, Want: 2}}}, false},
	} {
		if got := d.disturbed(late(c.outcome)); got != c.disturbed {
			t.Errorf("%s lost: disturbed %v", name, got)
		}
	}
}
