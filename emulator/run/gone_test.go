package run

import (
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

func TestWhatChainsCanDoWithout(t *testing.T) {
	p := &plan.Plan{Client: 0, Invocations: []plan.Invocation{
		{Worker: 1, States: []plan.Access{
			{Location: plan.Repository, Node: 3, Replicas: []topology.ID{3, 4, 5}},
			{Location: plan.Repository, Node: 4, Replicas: []topology.ID{4, 5}},
			{Location: plan.Repository, Node: 6},
		}},
		{Worker: 1, Candidates: []topology.ID{1, 2}},
	}}
	for _, c := range []struct {
		dead  []topology.ID
		needs bool
	}{
		{nil, false}, {[]topology.ID{3}, false},
		{[]topology.ID{7}, true}, {[]topology.ID{3, 7}, true}, // they are no replicas: why they died nobody can say
		{[]topology.ID{0}, true}, {[]topology.ID{1}, true}, {[]topology.ID{2}, true}, {[]topology.ID{4}, true},
		{[]topology.ID{6}, true}, {[]topology.ID{3, 5}, true},
	} {
		dead := map[topology.ID]bool{}
		for _, id := range c.dead {
			dead[id] = true
		}
		if got := !allReplicas([]*plan.Plan{p}, dead); got != c.needs {
			t.Errorf("without %v: %v", c.dead, got)
		}
	}
}
