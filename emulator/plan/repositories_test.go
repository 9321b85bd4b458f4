package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

func named(n int) (all []plan.Named) {
	for i := range n {
		all = append(all, plan.Named{ID: topology.ID(i), Name: fmt.Sprintf("server_%d", i)})
	}
	return all
}

// By hash each repository has about as many states, and where one goes away no others move.
func TestRendezvous(t *testing.T) {
	const states, nodes = 4000, 8
	all := plan.Repositories{Nodes: named(nodes)}
	less := plan.Repositories{Nodes: slices.Delete(named(nodes), 3, 4)}
	count := map[topology.ID]int{}
	for i := range states {
		key := fmt.Sprintf("j_%d/0", i)
		order := all.Order(0, key)
		count[order[0]]++
		if len(order) != nodes || !slices.Equal(slices.Sorted(slices.Values(order)), []topology.ID{0, 1, 2, 3, 4, 5, 6, 7}) {
			t.Fatalf("%s: %v", key, order)
		}
		want := slices.DeleteFunc(order, func(id topology.ID) bool { return id == 3 })
		if got := less.Order(0, key); !slices.Equal(got, want) {
			t.Errorf("%s: without server_3 %v, want %v", key, got, want)
		}
	}
	for id, n := range count {
		if n < states/nodes*8/10 || n > states/nodes*12/10 {
			t.Errorf("repository %d has %d of %d states", id, n, states)
		}
	}
}

// The nearest is the one of the least delay; the first name wins a tie.
func TestNearest(t *testing.T) {
	delays := []float64{3, 1, 2, 1}
	r := plan.Repositories{Nodes: named(4), Delay: func(client, node topology.ID) float64 {
		return delays[(int(node)+int(client))%4]
	}}
	for client, want := range [][]topology.ID{{1, 3, 2, 0}, {0, 2, 1, 3}} {
		if got := r.Order(topology.ID(client), "any"); !slices.Equal(got, want) {
			t.Errorf("client %d: %v, want %v", client, got, want)
		}
	}
}
