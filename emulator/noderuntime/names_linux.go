package noderuntime

import (
	"fmt"
	"strings"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/netns"
)

// target is what every name points to.
var target = lazy.Regexp(`^/proc/[0-9]+/ns/net$`)

func namePrefix(testbed string) string { return "tb-" + testbed + "." }

// NetNSName is the name of a node's network namespace for `ip netns`. A testbed's name holds no dot, which keeps
// a node b-c of testbed a apart from a node c of testbed a-b.
func NetNSName(testbed, node string) string { return namePrefix(testbed) + node }

// AddNames makes in dir a symbolic link for each node's network namespace, in place of the one that is left of an
// earlier node of that name. An empty dir means no names.
func AddNames(dir string, nodes []Node) error {
	if dir == "" {
		return nil
	}
	for _, n := range nodes {
		if err := netns.AddName(dir, NetNSName(n.Testbed, n.Node), n.NetNS, target().MatchString); err != nil {
			return fmt.Errorf("naming the network namespace of %s: %w", n.Node, err)
		}
	}
	return nil
}

// RemoveNames removes the names of a testbed's nodes, also of those that nobody knows any more.
func RemoveNames(dir, testbed string) error {
	return removeNamed(dir, func(name string) bool { return strings.HasPrefix(name, namePrefix(testbed)) })
}

// RemoveNamesOf removes the names of some nodes.
func RemoveNamesOf(dir string, nodes []Node) error {
	names := map[string]bool{}
	for _, n := range nodes {
		names[NetNSName(n.Testbed, n.Node)] = true
	}
	return removeNamed(dir, func(name string) bool { return names[name] })
}

// RemoveNamesOfSpecs removes the names of nodes that were to be.
func RemoveNamesOfSpecs(dir string, specs []Spec) error {
	nodes := make([]Node, len(specs))
	for i, s := range specs {
		nodes[i] = Node{Testbed: s.Testbed, Node: s.Node}
	}
	return RemoveNamesOf(dir, nodes)
}

func removeNamed(dir string, named func(string) bool) error {
	if dir == "" {
		return nil
	}
	return netns.RemoveNames(dir, named, target().MatchString)
}
