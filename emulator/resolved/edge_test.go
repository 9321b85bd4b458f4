package resolved

import (
	"cmp"
	"math"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// prepared is the scenario of all models, with a setting.
func prepared(t *testing.T, setting scenario.Setting) *Scenario {
	t.Helper()
	const file = "../../scenarios/models.yaml"
	text, err := scenario.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := scenario.Adapt(text, file, builtin.Catalogue(), setting)
	return ready(t, s, err)
}

// Of the models the one whose repository is in the cloud has all states leave the edge once and come back once; the
// others none.
func TestWhatLeavesTheEdge(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"exchange", "hosts"} {
		e := prepared(t, scenario.Setting{Key: "cloud.at", Value: at})
		if !e.LeavesEdge() {
			t.Fatal("no link leads to the cloud")
		}
		for _, m := range []plan.Model{plan.External, plan.InEdge, plan.InFunction, plan.InClient, plan.StateLocal} {
			plans, err := e.Chains(m)
			if err != nil {
				t.Fatal(err)
			}
			var want plan.EdgeTraffic
			for _, p := range plans {
				for _, inv := range p.Invocations {
					for _, a := range inv.States {
						if m == plan.External { // a GET and the state, the state and its confirmation
							want = want.Plus(plan.EdgeTraffic{Out: a.Bytes, In: a.Bytes, MessagesOut: 2, MessagesIn: 2})
						}
					}
				}
			}
			if got, job := e.EdgeTraffic(plans); !near(job, got.Mean(float64(len(plans)))) {
				t.Errorf("%s: %+v a job, of %+v altogether", m, job, got)
			}
			if got, _ := e.EdgeTraffic(plans); got != want || m == plan.External && want.Out == 0 {
				t.Errorf("cloud at %s, %s: %+v, want %+v", at, m, got, want)
			}
		}
	}
}

// near says whether two means are the same but for rounding.
func near(a, b plan.EdgeMean) bool {
	for _, v := range [][2]float64{{a.Out, b.Out}, {a.In, b.In}, {a.MessagesOut, b.MessagesOut},
		{a.MessagesIn, b.MessagesIn}} {
		if math.Abs(v[0]-v[1]) > 1e-9*(1+math.Abs(v[1])) {
			return false
		}
	}
	return true
}

// TestEdgeOfASample: a job on average is one of those for which the chains stand, however many of each kind were drawn.
func TestEdgeOfASample(t *testing.T) {
	t.Parallel()
	e := prepared(t, scenario.Setting{Key: "cloud.at", Value: "exchange"})
	plans, err := e.Chains(plan.External)
	if err != nil {
		t.Fatal(err)
	}
	_, all := e.EdgeTraffic(plans)
	// Some are drawn twice or thrice, and share what they stand for: the same jobs, in another sample.
	shares := [][]float64{{10}, {2.5, 7.5}, {2.5, 2.5, 5}}
	var sample []*plan.Plan
	for i, p := range plans {
		for _, share := range shares[i%len(shares)] {
			one := *p
			one.Weight = share * cmp.Or(p.Weight, 1)
			sample = append(sample, &one)
		}
	}
	sum, job := e.EdgeTraffic(sample)
	if !near(job, all) || Jobs(sample) != 10*Jobs(plans) {
		t.Errorf("%+v a job of %g, want %+v of %g", job, Jobs(sample), all, 10*Jobs(plans))
	}
	if plain := sum.Mean(float64(len(sample))); near(plain, all) {
		t.Error("the weights make no difference: the test shows nothing")
	}
}

// TestEdgeOfReplicas: each replica of a state in the cloud is sent to.
func TestEdgeOfReplicas(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{
		{Kind: plan.Transfer, Role: plan.Write, From: 1, To: 2, Bytes: 100, Replicas: []topology.ID{2, 3, 1}},
	}}
	cloud := func(s *plan.Step) (out, in int64) {
		if s.To >= 2 {
			return 1, 0
		}
		return 0, 0
	}
	if got, want := p.EdgeTraffic(cloud), (plan.EdgeTraffic{Out: 200, MessagesOut: 2, MessagesIn: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
