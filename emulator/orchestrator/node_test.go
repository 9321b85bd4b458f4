package orchestrator

import (
	"errors"
	"testing"

	"testbed/emulator/noderuntime"
)

// Whoever names a switch, a link or another spelling of a node is told so.
func TestNodesThatAreNone(t *testing.T) {
	fake, h, bed := up(t)
	if node, err := bed.Node("a"); err != nil || node != fake.nodes["one"][0] {
		t.Errorf("%+v, %v", node, err)
	}
	fake.nodes["one"] = fake.nodes["one"][1:]
	bed, err := h.Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	const lists = "; `testbed inspect` lists the nodes"
	for name, want := range map[string]string{
		"gw":  "gw is a switch, in which nothing runs; name a host, such as a" + lists,
		"air": "air is a shared medium, in which nothing runs; name a host, such as a" + lists,
		"B":   "there is no node B; did you mean b?" + lists,
		"a": "node a of testbed one is dead: `testbed logs --name one a` shows why, `testbed apply` starts it again: " +
			"no such node",
		"sever": "node sever of testbed one: no such node; did you mean \"server\"?; `testbed inspect` lists them",
	} {
		if _, err := bed.Node(name); !errors.Is(err, noderuntime.ErrNoSuchNode) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if node, err := bed.AnyNode("a"); err != nil || node.Node != "a" {
		t.Errorf("the dead one, for its output: %+v, %v", node, err)
	}
}
