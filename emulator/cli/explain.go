package cli

import (
	"errors"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
)

// explained is an error with a better text.
type explained struct {
	text string
	error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.error }

// explain says of an error about a node that there is none what the name stands for instead: a switch, a link, or
// another spelling. network is the testbed's, in force.
func explain(err error, name string, network func() (fabric.Network, error)) error {
	if !errors.Is(err, noderuntime.ErrNoSuchNode) {
		return err
	}
	n, failed := network()
	if failed != nil || n.Topology == nil {
		return err
	}
	if why := n.Topology.NoHost(name); why != "" {
		return &explained{why + "; `testbed inspect` lists the nodes", err}
	}
	return err
}
