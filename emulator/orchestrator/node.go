package orchestrator

import (
	"fmt"

	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// Node finds a running node by name. The error wraps noderuntime.ErrNoSuchNode, and says what the name stands for
// instead: a dead node, a switch or a link, or another spelling.
func (b *Bed) Node(name string) (noderuntime.Node, error) {
	c, ok := b.conditions[name]
	if ok && c.State != noderuntime.Dead {
		return c.Node, nil
	}
	bed := b.Journal.Testbed
	if ok {
		return noderuntime.Node{}, fmt.Errorf("node %s of testbed %s is dead: `testbed logs --name %s %s` shows why, "+
			"`testbed apply` starts it again: %w", name, bed, shell.Quote(bed), shell.Quote(name), noderuntime.ErrNoSuchNode)
	}
	if n, err := b.Network(); err == nil {
		if why := n.Topology.NoHost(name); why != "" {
			return noderuntime.Node{}, noHost(why + "; `testbed inspect` lists the nodes")
		}
	}
	known := make([]string, len(b.Journal.Nodes))
	for i, n := range b.Journal.Nodes {
		known[i] = n.Name
	}
	return noderuntime.Node{}, fmt.Errorf("node %s of testbed %s: %w; %s; `testbed inspect` lists them",
		name, bed, noderuntime.ErrNoSuchNode, scenario.Suggest(name, known))
}

// Running is the node of a vertex as it runs; of one that does not a node without a name.
func (b *Bed) Running(id topology.ID) noderuntime.Node {
	_, _ = b.Stations() // without them there is no such vertex
	return b.conditions[b.byID[id].Name].Node
}

// noHost is noderuntime.ErrNoSuchNode with a text that says all: what a name stands for instead of a node.
type noHost string

func (e noHost) Error() string { return string(e) }

func (e noHost) Unwrap() error { return noderuntime.ErrNoSuchNode }

// AnyNode finds a node of the testbed by name, whether it runs or has died.
func (b *Bed) AnyNode(name string) (noderuntime.Node, error) {
	for _, n := range b.Journal.Nodes {
		if n.Name == name {
			return n.node(b.Journal.Testbed), nil
		}
	}
	return b.Node(name)
}
