// Package noderuntime is the seam behind which a node runs: as a process in namespaces of its own, or
// as a container. It knows nothing of links or functions.
package noderuntime

import (
	"context"
	"errors"
	"io"
	"os"

	"testbed/emulator/netns"
	"testbed/emulator/units"
)

// ErrNotSupported is wrapped by errors that say what this host lacks for a runtime.
var ErrNotSupported = errors.New("not supported on this host")

// ErrNoSuchNode is wrapped by errors about a node that does not run.
var ErrNoSuchNode = errors.New("no such node")

// ErrRuns is wrapped by errors about a node that is to be started and runs already.
var ErrRuns = errors.New("the node is there already")

// Spec is a node wanted.
type Spec struct {
	Testbed string   // name of the testbed
	Node    string   // name of the node, also its host name
	Args    []string // arguments of the testbed's own binary, which runs as the node's first process
	Dir     string   // directory shared with the host under the same path: the control socket goes there
	HostsAt string   // file that becomes /etc/hosts inside; empty: none
	// Files are what is in Dir beforehand, by name, for root alone: whoever starts nodes of another machine has it there
	// as well.
	Files map[string][]byte
	// Image is a container image of the user's own that the node runs; empty: the node image, made from
	// the testbed's own binary. With Args the binary is mounted into it, read-only, and runs as the first
	// process; without, the image's own command runs and the node is ready once that has started. A
	// runtime without images fails with ErrNotSupported.
	Image string
	// Without says, of an image with Args, that its own command is not started beside them.
	Without bool
	Limits  Limits
	Machine string // ID of the machine that it is to run on; empty: this one
	Run     string // identifies this bringing up of the testbed
	Secret  Secret // of this bringing up; a runtime whose nodes bear labels signs them with it
}

// Limits bound what a node may use; a zero member does not. A runtime that cannot set them fails with
// ErrNotSupported; none grants more than the host has.
type Limits struct {
	CPU    int64 // thousandths of a core
	Memory units.ByteSize
}

// Logger is implemented by runtimes that keep what their nodes print.
type Logger interface {
	// Logs copies what a node has printed, oldest first, and with follow what it goes on to print until
	// the node ends or ctx does.
	Logs(ctx context.Context, node Node, follow bool, out io.Writer) error
}

// Watcher is implemented by runtimes whose nodes are no processes that this one could hold on to.
type Watcher interface {
	// Watch blocks until one of the nodes does not run any more, which it names, or ctx ends.
	Watch(ctx context.Context, nodes []Node) (died string, err error)
}

// Node is a node that was started. It is the process that had the number at that time, in the namespace of
// that number, and no other: whoever enters or ends it compares both.
type Node struct {
	Testbed   string `json:"testbed"`
	Node      string `json:"node"`
	PID       int    `json:"pid"`                 // of its first process, as seen from the host
	Start     uint64 `json:"start"`               // when that process started, in clock ticks after boot
	NetNS     string `json:"netns"`               // path of its network namespace
	Inode     uint64 `json:"netns_inode"`         // by which the kernel knows the namespace
	Container string `json:"container,omitempty"` // the engine's ID of its container, where it is one
	Machine   string `json:"machine,omitempty"`   // ID of the machine that it runs on; empty: this one
}

// Namespace is the node's network namespace.
func (n Node) Namespace() netns.Ref {
	return netns.Ref{Path: n.NetNS, Start: n.Start, Inode: n.Inode, Machine: n.Machine}
}

// State is how a node is.
type State string

// The states of a node.
const (
	Running   State = "running"
	Paused    State = "paused"    // it is there, and executes nothing
	Restarted State = "restarted" // it runs again, as another process in another network namespace
	Dead      State = "dead"
	// Unreachable is one whose machine does not answer: how it is nobody knows.
	Unreachable State = "unreachable"
)

// Condition is how a node that was started is now.
type Condition struct {
	State State
	Node  Node   // as it was given; of a restarted one, as it runs now
	Why   string // of an unreachable one: what its machine was asked came to
}

// Tools says whose programs a command in a node is one of.
type Tools string

// Whose programs.
const (
	AutoTools Tools = ""     // the node's, but this host's where the node has none, as in testbed's own node image
	HostTools Tools = "host" // this host's, as this host's root, in the node's network and with its host name
	NodeTools Tools = "node" // the node's, within its bounds
)

// Stdio is what an executed command is connected to; nil members mean none.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
	// Signals are passed on to the command as they come. With them the command is left to itself as one that a shell
	// started: it decides what a signal does. Those that the terminal has sent to the command too are not repeated.
	Signals <-chan os.Signal
	Tools   Tools
}

// Runtime starts, finds and removes nodes.
type Runtime interface {
	// Name is the word in the scenario: process or docker.
	Name() string
	// Start starts these nodes, perhaps beside others of the testbed, and returns when each one's first process
	// says that it is ready. It refuses a node that runs already. On an error or cancellation those started are
	// removed, and no other. As they become ready it calls progress, which may be nil, with their number, one
	// call at a time.
	Start(ctx context.Context, specs []Spec, progress func(ready int)) ([]Node, error)
	// Inspect says how each of the nodes, as Start returned them, is now, in their order. None whose number or
	// name another process or container has by now passes for running. A restarted one is proved to be the node as
	// Start proves it; its agent may not be ready yet.
	Inspect(ctx context.Context, nodes []Node) ([]Condition, error)
	// Find looks for nodes of a testbed without a record of them, or of every testbed where the name is
	// empty, sorted by testbed and name. It believes only what nobody but testbed can have made, and serves removal.
	Find(ctx context.Context, testbed string) ([]Node, error)
	// Exec runs a command in a node and returns its exit status (128+n for a signal n). A program of this host starts
	// in the caller's working directory, or in / where the node has not got that; one of the node's own image where
	// the image says.
	Exec(ctx context.Context, node Node, args []string, stdio Stdio) (int, error)
	// Remove removes a testbed's nodes: those given, as Start returned them, and those that Find finds, and all
	// that is left of them. It touches nothing that it cannot prove to be testbed's. It may be repeated.
	Remove(ctx context.Context, testbed string, nodes []Node) error
	// Stop removes these nodes, as Start returned them, and what is left of them, dead ones too, and leaves the
	// testbed's others alone. It may be repeated.
	Stop(ctx context.Context, nodes []Node) error
}

// Namer is implemented by runtimes whose nodes do not have this host's file of names (Spec.HostsAt) itself.
type Namer interface {
	// TellHosts makes the file at that path what it is here, wherever it is some node's /etc/hosts.
	TellHosts(ctx context.Context, path string) error
}
