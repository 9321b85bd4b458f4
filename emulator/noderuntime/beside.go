package noderuntime

import (
	"context"

	"testbed/emulator/units"
)

// Companions is implemented by runtimes that run programs of images beside a node: in its network, and within its
// limits, but with nothing of its files.
type Companions interface {
	// StartCompanion starts a program and returns when it runs. It fails where its image is not there, for none is
	// fetched, and where the node does not run.
	StartCompanion(ctx context.Context, node Node, spec Companion) (id string, err error)
	// AwaitCompanion returns when the program has ended: how, with the end of what it printed.
	AwaitCompanion(ctx context.Context, id string) (how string, err error)
	// StopCompanion ends the program, at first kindly unless now is set, and removes it. One that is gone is no error.
	StopCompanion(ctx context.Context, id string, now bool) error
}

// Companion is a program that is to run beside a node. Whatever removes the node's testbed removes it as well.
type Companion struct {
	Name      string         // of the function, for its name
	Image     string         // container image, whose own command runs
	Env       []string       // NAME=value
	Memory    units.ByteSize // that it may use; 0: as much as its node
	Processes int            // that it may have; 0: as many as a node
}
