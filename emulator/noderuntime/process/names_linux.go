package process

import (
	"fmt"
	"regexp"
	"strings"

	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
)

// target is what every name points to.
var target = regexp.MustCompile(`^/proc/[0-9]+/ns/net$`)

func namePrefix(testbed string) string { return "tb-" + testbed + "." }

// addNames makes a symbolic link for each node's network namespace.
func addNames(dir string, nodes []noderuntime.Node) error {
	if dir == "" {
		return nil
	}
	for _, n := range nodes {
		if err := netns.AddName(dir, namePrefix(n.Testbed)+n.Node, n.NetNS, target.MatchString); err != nil {
			return fmt.Errorf("naming the network namespace of %s: %w", n.Node, err)
		}
	}
	return nil
}

// removeNames removes the names of a testbed's nodes, also of those that nobody knows any more.
func removeNames(dir, testbed string) error {
	return removeNamed(dir, func(name string) bool { return strings.HasPrefix(name, namePrefix(testbed)) })
}

// removeNamesOf removes the names of some nodes.
func removeNamesOf(dir string, specs []noderuntime.Spec) error {
	names := map[string]bool{}
	for _, s := range specs {
		names[namePrefix(s.Testbed)+s.Node] = true
	}
	return removeNamed(dir, func(name string) bool { return names[name] })
}

func removeNamed(dir string, named func(string) bool) error {
	if dir == "" {
		return nil
	}
	return netns.RemoveNames(dir, named, target.MatchString)
}
