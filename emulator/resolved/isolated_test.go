package resolved

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/internal/sleep"
	"testbed/emulator/plan"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// TestIsolatedChainsOfTheStudy begins the study's chains as arrival isolated does, each for as long as it takes alone,
// and holds those under way against the links and nodes that their transfers and computations pass.
func TestIsolatedChainsOfTheStudy(t *testing.T) {
	for _, access := range []string{"worker", "client"} {
		e, err := studied(t, "state-access: "+access+"\nreplay: {arrival: {kind: isolated, most: 6}}")
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range plan.Study {
			plans, err := e.Chains(model)
			if err != nil {
				t.Fatal(err)
			}
			most, took, alone := isolated(t, e, plans)
			t.Logf("%s by %s: %d chains, at most %d at a time, in %v instead of %v",
				model, access, len(plans), most, took, alone)
			if most > 6 || took > alone {
				t.Errorf("%s: %d at a time, in %v instead of %v", model, most, took, alone)
			}
			if model == plan.External && (took > alone/2 || most < 3) {
				t.Errorf("%s: %d at a time, in %v instead of %v", model, most, took, alone)
			}
		}
	}
}

// isolated drives chains under synctest's clock.
func isolated(t *testing.T, e *Scenario, plans []*plan.Plan) (most int, took, alone time.Duration) {
	seconds, passed := e.aloneTimes(), make([]map[topology.ID]bool, len(plans))
	hold := make([]time.Duration, len(plans))
	for i, p := range plans {
		hold[i] = time.Duration(seconds(p) * 1e9)
		alone += hold[i]
		passed[i] = passes(e.Topology, p)
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		under := map[int]bool{}
		begin := time.Now()
		arrival := e.Arrival.(replay.Planned).Of(plans)
		arrival.Drive(t.Context(), make([]int, len(plans)), func(ctx context.Context, i int, _ time.Time) {
			mu.Lock()
			for other := range under {
				for id := range passed[i] {
					if passed[other][id] {
						t.Errorf("chains %d and %d are under way, and both pass %s", i, other, e.Topology.Vertices[id].Name)
					}
				}
			}
			under[i] = true
			most = max(most, len(under))
			mu.Unlock()
			sleep.Until(ctx, time.Now().Add(hold[i]))
			mu.Lock()
			delete(under, i)
			mu.Unlock()
		})
		took = time.Since(begin)
	})
	return most, took, alone
}

// passes are the links with a rate on a chain's ways, there and back, and the nodes that compute or begin it.
func passes(t *topology.Topology, p *plan.Plan) map[topology.ID]bool {
	all := map[topology.ID]bool{p.Client: true}
	for _, s := range p.Steps {
		if s.Kind == plan.Compute {
			all[s.From] = true
		}
		for _, ends := range [][2]topology.ID{{s.From, s.To}, {s.To, s.From}} {
			for _, id := range t.TreeTo(ends[1]).Vertices(nil, ends[0]) {
				if v := &t.Vertices[id]; v.Kind == topology.Link && v.Shape[0].Rate > 0 {
					all[id] = true
				}
			}
		}
	}
	return all
}
