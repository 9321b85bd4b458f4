package replay

import (
	"testing"

	"testbed/emulator/plan"
)

// dialled is how many connections all agents have opened.
func (n *nodes) dialled() (sum int64) {
	for _, a := range n.agents {
		sum += a.Stats().Dials
	}
	return sum
}

// beside is an arrival process whose chains may be beside others, though none is here.
type beside struct{ Sequential }

func (beside) Alone() bool { return false }

// TestChainsThatFollowOneAnotherHaveConnectionsOfTheirOwn: what was sent before would have opened their congestion
// windows. Chains beside others share theirs; those of the replay before are closed in any case.
func TestChainsThatFollowOneAnotherHaveConnectionsOfTheirOwn(t *testing.T) {
	const chains, pairs = 4, 4 // client to two workers, each worker to the central node
	for name, c := range map[string]struct {
		arrival Arrival
		cold    bool
		dials   int64 // of one replay
		late    bool  // requests open connections
	}{
		"one after the other": {nil, false, pairs + chains*pairs, false},
		"side by side":        {beside{}, false, pairs, false},
		"cold":                {nil, true, chains * pairs, true},
		"cold, side by side":  {beside{}, true, pairs, true},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t)
			for replay := int64(1); replay <= 2; replay++ {
				config, d := n.config(t, plans(chains, plan.InEdge))
				config.Arrival, config.Cold = c.arrival, c.cold
				s, err := Run(t.Context(), config)
				if err != nil || s.Models[0].Done != chains {
					t.Fatalf("%+v, %v", s, err)
				}
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				if got := n.dialled(); got != replay*c.dials {
					t.Errorf("%d connections after replay %d, want %d", got, replay, replay*c.dials)
				}
				if late := s.Models[0].Cold > 0; late != c.late {
					t.Errorf("%d requests opened connections", s.Models[0].Cold)
				}
			}
		})
	}
}
