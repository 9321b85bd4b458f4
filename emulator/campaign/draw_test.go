package campaign

import (
	"errors"
	"slices"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/workload"
)

// A campaign draws as the scenario's workload does, and campaigns of different draws are different ones.
func TestCampaignDrawsAsTheWorkload(t *testing.T) {
	prints := map[string]workload.Draw{}
	for _, draw := range []workload.Draw{"", workload.DrawExact, workload.DrawReplacement} {
		c := small(t)
		c.Dir, c.Simulation.Draw = "", draw
		r, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		exact := 0
		for _, m := range r.Means {
			if m.Chains == m.Jobs {
				exact++
			}
		}
		if (exact == len(r.Means)) != draw.Exact() {
			t.Errorf("%q: %d of %d replications have as many chains as jobs wanted", draw, exact, len(r.Means))
		}
		print := fingerprint(&c)
		if other, taken := prints[print]; taken {
			t.Errorf("%q and %q have one fingerprint", draw, other)
		}
		prints[print] = draw
	}
	c := small(t)
	c.Dir, c.Simulation.Draw, c.Jobs = "", workload.DrawExact, []int{len(c.Simulation.Pool) + 1}
	if _, err := Run(t.Context(), c); err == nil {
		t.Error("more jobs are drawn than there are")
	}
}

// Executors are of the largest load, for each policy: all tasks of its jobs, on hosts that may.
func TestExecutors(t *testing.T) {
	c := small(t)
	c.Simulation.Nodes = c.Simulation.Topology.Hosts()[:40]
	all, err := c.Executors()
	sim, failed := statesim.New(c.Simulation)
	if err = errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	draw, err := sim.Draw(30, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, j := range draw.Jobs {
		want += len(j.Tasks)
	}
	var policies []placement.Policy
	for _, e := range all {
		policies = append(policies, e.Policy)
		tasks, may := 0, 0
		for _, s := range e.Shares {
			tasks, may = tasks+s.Tasks, may+s.May
			if s.Executed > s.May {
				t.Errorf("%s: %+v executes more than it may", e.Policy, s)
			}
		}
		if e.Jobs != 30 || e.Seed != c.Seed || tasks != want || may != 40 {
			t.Errorf("%s: %d tasks of %d jobs, %d hosts may; want %d of 30, 40", e.Policy, tasks, e.Jobs, may, want)
		}
	}
	if !slices.Equal(policies, c.Policies) {
		t.Errorf("policies %v", policies)
	}
}
