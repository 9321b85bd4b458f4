package resolved

import (
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
)

// Of the models the one whose repository is in the cloud has all states leave the edge once and come back once; the
// others none.
func TestWhatLeavesTheEdge(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"exchange", "hosts"} {
		text, err := scenario.Read("../../scenarios/models.yaml")
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := scenario.Adapt(text, "../../scenarios/models.yaml", builtin.Catalogue(),
			scenario.Setting{Key: "cloud.at", Value: at})
		if err != nil {
			t.Fatal(err)
		}
		e, err := Prepare(s)
		if err != nil {
			t.Fatal(err)
		}
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
			if got := e.EdgeTraffic(plans); got != want || m == plan.External && want.Out == 0 {
				t.Errorf("cloud at %s, %s: %+v, want %+v", at, m, got, want)
			}
		}
	}
}
