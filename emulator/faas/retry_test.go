package faas

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Two branches that compute for 60 ms each change one state: the one whose write is refused reads, computes and writes
// again, in the step that was refused.
func TestLoserRepeats(t *testing.T) {
	for name, c := range map[string]struct {
		model  plan.Model
		access plan.StateAccess
		nodes  []topology.ID
		role   plan.Role // of the step that is repeated
	}{
		"cloud":                {plan.External, plan.ByWorker, []topology.ID{1, 1, 2, 1}, plan.Write},
		"one worker":           {plan.External, plan.ByWorker, []topology.ID{1, 1, 1, 1}, plan.Write},
		"the central node":     {plan.InEdge, plan.ByWorker, []topology.ID{central, central, 2, 1}, plan.Write},
		"by client":            {plan.External, plan.ByClient, []topology.ID{1, 1, 2, 1}, plan.Write},
		"client works, too":    {plan.InEdge, plan.ByClient, []topology.ID{0, 0, 0, 1}, plan.Write},
		"in the same worker":   {plan.InFunction, plan.ByWorker, []topology.ID{1, 1, 1, 1}, plan.Execute},
		"client is the worker": {plan.InFunction, plan.ByWorker, []topology.ID{0, 0, 0, 0}, plan.Execute},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, Allotted)
			spec := cluster.specBy(t, diamond(true), c.model, placed(c.nodes...), c.access)
			result := cluster.until(t, spec, func(r *ChainResult) bool { return r.Retries() == 1 })
			if result.Retries() != 1 || result.Conflicts != 0 {
				t.Fatalf("%d retries, %d conflicts", result.Retries(), result.Conflicts)
			}
			i := slices.IndexFunc(result.Steps, func(s StepResult) bool { return s.Retries > 0 })
			s, least := result.Steps[i], 60*time.Millisecond
			if s.Role == plan.Execute {
				least *= 2
			}
			if s.Role != c.role || s.Duration() < least {
				t.Errorf("a %s of %v was repeated", s.Role, s.Duration())
			}
		})
	}
}

// Branches that are elsewhere or change other states have nothing to repeat, nor have those that a plan serialises.
func TestNothingToRepeat(t *testing.T) {
	cluster := newCluster(t, Allotted)
	for model, nodes := range map[plan.Model][]topology.ID{
		plan.InFunction: {1, 1, 2, 1}, plan.InClient: {1, 1, 2, 1}, plan.PureFaaS: {1, 1, 1, 1},
	} {
		result, lost := cluster.carryOut(t, cluster.spec(t, diamond(true), model, placed(nodes...)))
		if result.Error != "" || lost != nil || result.Retries() != 0 || result.Conflicts != 0 {
			t.Errorf("%s: error %q, check %v, %d retries, %d conflicts",
				model, result.Error, lost, result.Retries(), result.Conflicts)
		}
	}
}

// Ten branches that begin at the same time: whoever loses against others loses less than ten times.
func TestManyBranchesOfOneState(t *testing.T) {
	const branches = 10
	jobs := []workload.Job{{Name: "wide", States: []int64{50_000}}}
	for range branches {
		jobs[0].Tasks = append(jobs[0].Tasks, workload.Task{Function: "f", Ops: 10_000, Argument: 10, States: []int{0}})
	}
	nodes := slices.Repeat([]topology.ID{1, 2}, branches/2)
	for model, most := range map[plan.Model]int{
		plan.External: branches * (branches - 1) / 2, plan.InFunction: 2 * (branches / 2) * (branches/2 - 1) / 2,
	} {
		cluster := newCluster(t, Shared)
		result := cluster.until(t, cluster.spec(t, jobs, model, placed(nodes...)), func(r *ChainResult) bool {
			return r.Retries() > 0
		})
		if result.Retries() < 1 || result.Retries() > most {
			t.Errorf("%s: %d retries, %d at most", model, result.Retries(), most)
		}
	}
}

// A repository that refuses every write is given up in the end.
func TestWritesThatAreAlwaysRefused(t *testing.T) {
	cluster := newCluster(t, Allotted)
	a := cluster.agents[1]
	content, err := a.pools.take(t.Context(), 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.states.begin("k/0", content); err != nil {
		t.Fatal(err)
	}
	v, _, err := a.fetch(t.Context(), "", "k/0", 8)
	if err != nil {
		t.Fatal(err)
	}
	computed := 0
	_, retries, err := a.commit(t.Context(), "", "k/0", &v, func() error { computed++; return nil }) // the version stays
	v.content.release()
	if !errors.Is(err, errConflict) || retries != 2 || computed != 1 {
		t.Errorf("nobody else has written: %d retries, computed %d times: %v", retries, computed, err)
	}
	if v, _, err = a.fetch(t.Context(), "", "k/0", 8); err != nil {
		t.Fatal(err)
	}
	computed = 0
	_, retries, err = a.commit(t.Context(), "", "k/0", &v, func() error { // somebody else is always faster
		computed++
		return a.states.update("k/0", func(_ string, _ []byte, version int64, sum uint32) (int64, uint32, error) {
			return version + 1, sum, nil
		})
	})
	v.content.release()
	if !errors.Is(err, errConflict) || retries != maxRetries || computed != maxRetries {
		t.Errorf("%d retries, computed %d times: %v", retries, computed, err)
	}
	if n := a.pools.budget.inUse(); n != 8 {
		t.Errorf("%d bytes are in use, not the state's 8", n)
	}
}

func TestRepliesOfRetries(t *testing.T) {
	c := &call{states: []callState{{location: plan.Local}, {location: plan.Local}}}
	for text, want := range map[string][]int{
		"0": {0, 0, 0}, "2": {2, 0, 0}, "0,1": {0, 1, 0}, "0,0,7": {0, 0, 7}, "1,2,3,4": nil, "-1": nil, "": nil, "1,": nil,
		"99999999": nil,
	} {
		h := http.Header{}
		h.Set(headerTimes, "1 2 3 4")
		h.Set(headerStates, text)
		r, err := parseReply(c, h)
		if (err == nil) != (want != nil) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for at, n := range want {
			if r.repeated(at) != n {
				t.Errorf("%q: %d is %d, want %d", text, at, r.repeated(at), n)
			}
		}
		if err == nil {
			r.setHeader(h)
			if got := h.Get(headerStates); got != text {
				t.Errorf("%q is written as %q", text, got)
			}
		}
	}
}

// Only what a worker keeps can be contested there.
func TestImpossibleContests(t *testing.T) {
	for location, good := range map[plan.Location]bool{plan.Local: true, plan.Repository: false, plan.Carried: false} {
		s := &ChainSpec{Key: "k", StateBytes: []int64{8}, Invocations: []InvocationSpec{{
			States: []AccessSpec{{Bytes: 8, Location: location, Contested: true}},
		}}}
		s.Steps = len(stepRoles(s.Invocations[0].States))
		for i := range s.Steps {
			s.Invocations[0].Steps = append(s.Invocations[0].Steps, i)
		}
		if err := s.validate(); (err == nil) != good {
			t.Errorf("location %d: %v", location, err)
		}
	}
}
