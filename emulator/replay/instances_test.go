package replay

import (
	"testing"

	"testbed/emulator/faas"
	"testbed/emulator/topology"
)

// By whomever an instance was moved, and wherever to, also when it has come back: no node it was on knows of it
// afterwards.
func TestInstancesAreForgottenWhereTheyWere(t *testing.T) {
	n := start(t)
	config, _ := n.config(t, nil)
	r := &replay{Config: config}
	clients := func(id topology.ID) *faas.Client { return n.clients[id] }
	address := func(id topology.ID) string { return n.agents[id].Addr().String() }
	prefix := Prefix("run", "in-function")
	for _, way := range [][]topology.ID{{2}, {2, 1}, {2, 3, 1}, {2, 3, 2, 4, 1, 3}} {
		one := faas.Stateful{ID: prefix + "instance/1-0-0", Origin: 1, Client: 0, Functions: []string{"f"}}
		if err := clients(1).Declare(t.Context(), []faas.Stateful{one}); err != nil {
			t.Fatal(err)
		}
		for _, to := range way {
			order := faas.Move{ID: one.ID, To: to, Address: address(to), Method: faas.StopAndCopy}
			if _, moved, err := faas.MoveAt(t.Context(), clients, address, 1, order); err != nil || moved.Undone != "" {
				t.Fatalf("%v: %v, %+v", way, err, moved)
			}
		}
		if err := faas.SeedAt(t.Context(), clients, 1, one.ID, prefix+"lasting/0", 10); err != nil { // it serves there
			t.Fatal(err)
		}
		r.forgetMoved(t.Context(), 1, prefix)
		for id, c := range n.clients {
			if all, err := c.Instances(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("%v: %v, node %d knows of %+v", way, err, id, all)
			}
		}
	}
}
