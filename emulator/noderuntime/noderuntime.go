// Package noderuntime is the seam behind which a node runs: as a process in namespaces of its own, or
// as a container. It knows nothing of links or functions.
package noderuntime

import (
	"context"
	"errors"
	"io"
)

// ErrNotSupported is wrapped by errors that say what this host lacks for a runtime.
var ErrNotSupported = errors.New("not supported on this host")

// ErrNoSuchNode is wrapped by errors about a node that does not run.
var ErrNoSuchNode = errors.New("no such node")

// Spec is a node wanted.
type Spec struct {
	Testbed string   // name of the testbed
	Node    string   // name of the node, also its host name
	Args    []string // arguments of the testbed's own binary, which runs as the node's first process
	Dir     string   // directory shared with the host under the same path: the control socket goes there
	HostsAt string   // file that becomes /etc/hosts inside; empty: none
}

// Node is a node that runs.
type Node struct {
	Testbed string `json:"testbed"`
	Node    string `json:"node"`
	PID     int    `json:"pid"`   // of its first process, as seen from the host
	NetNS   string `json:"netns"` // path of its network namespace
}

// Stdio is what an executed command is connected to; nil members mean none.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Runtime starts, finds and removes nodes.
type Runtime interface {
	// Name is the word in the scenario: process or docker.
	Name() string
	// Start starts all nodes and returns when each one's first process says that it is ready. On an
	// error or cancellation those started are removed.
	Start(ctx context.Context, specs []Spec) ([]Node, error)
	// List finds the nodes of a testbed that run, by name; of every testbed where it is empty.
	List(ctx context.Context, testbed string) ([]Node, error)
	// Exec runs a command in a node and returns its exit status (128+n for a signal n).
	Exec(ctx context.Context, node Node, args []string, stdio Stdio) (int, error)
	// Remove removes all nodes of a testbed, whoever started them, and all that is left of them. It may be repeated.
	Remove(ctx context.Context, testbed string) error
}
