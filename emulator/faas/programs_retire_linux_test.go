package faas

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/faas/instance"
	"testbed/emulator/topology"
)

// running are the functions of which an agent has instances, in order.
func (a *Agent) running() string {
	a.installed.mu.Lock()
	defer a.installed.mu.Unlock()
	var all []string
	for name, one := range a.installed.all {
		if one.pool != nil && one.pool.Stats().Ready > 0 {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestProgramsGoAlong: a program that stateful instances alone use, f, ends on a node with the last of them that leaves
// it, or does not come in the end; one that others use too, g, stays.
func TestProgramsGoAlong(t *testing.T) {
	c := newCluster(t, Allotted)
	programs := testPrograms(t, "counts", "f", "g")
	for i := range programs {
		programs[i].Standby, programs[i].Resident = true, programs[i].Name == "f"
	}
	c.install(t, programs)
	both := []Stateful{
		{ID: "run/in-function/instance/1", Origin: 1, Client: 0, Functions: []string{"f", "g"}},
		{ID: "run/in-function/instance/2", Origin: 1, Client: 3, Functions: []string{"f", "g"}},
	}
	if err := c.client(1).Declare(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	if err := c.agents[1].installed.ready(t.Context(), both[0].Functions); err != nil {
		t.Fatal(err)
	}
	atHome := c.agents[1].installed.all["f"].pool
	address := func(id topology.ID) string { return c.addr(id).String() }
	for _, step := range []struct {
		which int
		to    topology.ID
		want  []string // by node
	}{
		{0, 2, []string{"", "f g", "f g", ""}}, {1, 2, []string{"", "g", "f g", ""}},
		{0, 3, []string{"", "g", "f g", "f g"}}, {1, 3, []string{"", "g", "g", "f g"}},
		{1, 1, []string{"", "f g", "g", "f g"}},
	} {
		order := Move{ID: both[step.which].ID, To: step.to, Address: address(step.to), Method: StopAndCopy}
		_, done, err := MoveAt(t.Context(), c.client, address, 1, order)
		if err != nil || done.Undone != "" {
			t.Fatalf("%+v: %v, %+v", step, err, done)
		}
		for node, want := range step.want {
			if got := c.agents[topology.ID(node)].running(); got != want {
				t.Errorf("%+v: node %d has %q, want %q", step, node, got, want)
			}
		}
	}
	if err := atHome.Warm(t.Context()); !errors.Is(err, instance.ErrClosed) {
		t.Errorf("the first instance at home has not ended: %v", err)
	}

	vain := comingOne("run/in-function/instance/3")
	if err := c.client(0).Announce(t.Context(), vain); err != nil {
		t.Fatal(err)
	}
	if err := (sender{c.agents[0], vain.Token, vain.ID}).say(offered(7), ""); err != nil {
		t.Fatal(err)
	}
	if err := c.agents[0].installed.ready(t.Context(), vain.Functions); err != nil {
		t.Fatal(err)
	}
	if got := c.agents[0].running(); got != "f" {
		t.Errorf("what is offered has %q", got)
	}
	if err := c.client(0).Retract(t.Context(), vain.ID, vain.Token); err != nil {
		t.Fatal(err)
	}
	if got := c.agents[0].running(); got != "" {
		t.Errorf("what does not come has %q", got)
	}
}
