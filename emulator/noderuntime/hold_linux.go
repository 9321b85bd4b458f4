package noderuntime

import (
	"errors"
	"fmt"

	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// Hold holds on to a node's first process. The error wraps ErrNoSuchNode where that has ended: another
// process may have its number, and another namespace that of its own.
func Hold(n Node) (*proc.Process, error) {
	missing := func(err error) error {
		return fmt.Errorf("node %s of testbed %s (pid %d): %w: %w", n.Node, n.Testbed, n.PID, ErrNoSuchNode, err)
	}
	if n.Machine != "" {
		return nil, missing(netns.ErrElsewhere)
	}
	p, err := proc.OpenStarted(n.PID, n.Start)
	if errors.Is(err, proc.ErrGone) {
		return nil, missing(err)
	}
	if err != nil {
		return nil, err
	}
	inode, err := p.NamespaceID("net")
	if err == nil && inode != n.Inode {
		err = errors.New("it is in another network namespace")
	}
	if err == nil && proc.IsHostNamespace("net", inode) {
		err = errors.New("it is in this host's own network namespace")
	}
	if err != nil {
		p.Close()
		return nil, missing(err)
	}
	return p, nil
}
