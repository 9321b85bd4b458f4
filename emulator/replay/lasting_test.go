package replay

import (
	"context"
	"errors"
	"strings"
	"testing"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/topology"
)

// lasting makes the plans' state one that outlives them.
func lasting(all [][]*plan.Plan) [][]*plan.Plan {
	for _, plans := range all {
		for _, p := range plans {
			p.Lasting = []string{"profile"}
		}
	}
	return all
}

var clientDriven = append([]plan.Model{plan.PureFaaS}, plan.Study...)

// All chains of a client work on one state, whoever begins while others are under way: nothing of it is lost, and it is
// forgotten in the end.
func TestStatesOutliveChains(t *testing.T) {
	for _, arrival := range []Arrival{Sequential{}, Concurrent{5}, Isolated{Most: 4}, Poisson{Rate: 300, Seed: 1}} {
		n := start(t)
		c, d := n.config(t, lasting(plans(12, clientDriven...)))
		c.Arrival = arrival
		versions := map[string]int64{}
		c.Around = func(_ context.Context, model string) func() {
			return func() {
				for _, client := range n.clients {
					if v, err := client.Check(t.Context(), d.Run()+"/"+model+"/lasting/"+numbers[model]); err == nil {
						versions[model] += v.Version
					}
				}
			}
		}
		s, err := Run(t.Context(), c)
		if err != nil || len(s.Errors) > 0 {
			t.Fatalf("%v: %v, %+v", arrival, err, s)
		}
		for _, m := range s.Models {
			if m.Done != 12 || m.Conflicts > 0 || versions[m.Model] != int64(3*(12+m.Repeated)) {
				t.Errorf("%v: %+v, and the state's versions are %d", arrival, m, versions[m.Model])
			}
		}
		chains, err := recordtest.Chains(d.Path())
		if err != nil {
			t.Fatal(err)
		}
		for _, chain := range chains {
			if !chain.OK() || chain.States != 1 {
				t.Fatalf("%v: %+v", arrival, chain)
			}
		}
		for i, a := range n.agents {
			if left := a.Stats().States; left != 0 {
				t.Errorf("%v: agent %d keeps %d states", arrival, i, left)
			}
		}
	}
}

// numbers are those of the models' states, in the order of their plans.
var numbers = map[string]string{
	string(plan.PureFaaS): "0", string(plan.External): "1", string(plan.InEdge): "2", string(plan.InFunction): "3",
	string(plan.InClient): "4",
}

// A state that loses what earlier chains have made of it is noticed by the next chain.
func TestLostStatesThatOutliveChains(t *testing.T) {
	n := start(t)
	c, _ := n.config(t, lasting(plans(4, plan.InEdge)))
	c.Progress = func(p Progress) {
		if p.Done == 2 {
			if err := n.clients[3].Seed(t.Context(), c.Tags.Run+"/in-edge/lasting/0", 10_000); err != nil {
				t.Error(err)
			}
		}
	}
	s, err := Run(t.Context(), c)
	if err != nil || s.Models[0].Done != 2 || s.Models[0].Lost != 2 ||
		!strings.Contains(s.Errors[0], "want version 9, have 3") ||
		s.Models[0].WritesLost != 6 || s.Models[0].StatesLost != 2 {
		t.Errorf("%v, %+v", err, s)
	}
}

// A chain that failed may have changed a state or not, and the next one's check takes either.
func TestFailedChainsAndStatesThatOutliveThem(t *testing.T) {
	n := start(t)
	all := lasting(plans(3, plan.InEdge))
	c, _ := n.config(t, all)
	c.Clients = func(id topology.ID) Agent { return &failing{Client: n.clients[id], chain: "/1"} }
	s, err := Run(t.Context(), c)
	if err != nil || s.Models[0].Done != 2 || s.Models[0].Failed != 1 || s.Models[0].Lost != 0 {
		t.Errorf("%v, %+v", err, s)
	}
}

// failing is an agent whose chain fails after it was carried out.
type failing struct {
	*faas.Client
	chain string
}

func (f *failing) Run(ctx context.Context, spec *faas.ChainSpec) (*faas.ChainResult, error) {
	result, err := f.Client.Run(ctx, spec)
	if strings.HasSuffix(spec.Key, f.chain) {
		return result, errors.New("nobody knows what became of it")
	}
	return result, err
}
