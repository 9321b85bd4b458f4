// Package docker runs each node as an unprivileged container of a Docker engine on this host, without
// network: a fabric joins the nodes from outside. The engine's labels say which container is whose, so that
// nodes are found and removed without any record of them.
package docker

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

// Labels of a node's container.
const (
	LabelTestbed = "testbed"      // the testbed's name
	LabelNode    = "testbed.node" // the node's name
	LabelRun     = "testbed.run"  // Spec.Run
	labelLaunch  = "testbed.launch"
)

// MinimumAPI is the oldest version of the Engine API that will do: that of Docker Engine 20.10.
const MinimumAPI = "1.41"

// binaryInside is where the testbed's binary is in a node.
const binaryInside = "/testbed"

// ErrEngine is wrapped by errors about an engine that stopped answering.
var ErrEngine = errors.New("the Docker engine does not answer")

// Runtime runs nodes as containers.
type Runtime struct {
	binary   string
	host     string        // of the engine; empty: DOCKER_HOST or the client's default
	patience time.Duration // for an answer to a ping, before the engine counts as gone
	longest  time.Duration // that any one call may take
	parallel int           // calls under way at a time, while nodes are started
	removers int           // the same, while they are removed
	signals  bool          // Remove kills first processes itself

	mu  sync.Mutex
	api *client.Client

	digestOnce sync.Once
	image      nodeImage
	digestErr  error
}

var (
	_ noderuntime.Runtime = (*Runtime)(nil)
	_ noderuntime.Logger  = (*Runtime)(nil)
)

// Option changes how a Runtime works.
type Option func(*Runtime)

// WithHost makes the runtime use the engine at host, such as unix:///run/docker.sock, instead of DOCKER_HOST.
func WithHost(host string) Option { return func(r *Runtime) { r.host = host } }

// WithPatience sets how long an engine may leave a ping unanswered before it counts as gone (10 s).
func WithPatience(d time.Duration) Option { return func(r *Runtime) { r.patience = d } }

// WithParallel sets how many containers are started and removed at a time.
func WithParallel(start, remove int) Option {
	return func(r *Runtime) { r.parallel, r.removers = max(start, 1), max(remove, 1) }
}

// New returns a runtime whose nodes run the program at binary, which must be statically linked. It does
// not yet talk to the engine.
func New(binary string, opts ...Option) *Runtime {
	if resolved, err := filepath.EvalSymlinks(binary); err == nil {
		binary = resolved
	}
	if absolute, err := filepath.Abs(binary); err == nil {
		binary = absolute
	}
	r := &Runtime{binary: binary, patience: 10 * time.Second, longest: 2 * time.Minute,
		parallel: defaultStarters(), removers: defaultRemovers(), signals: true}
	for _, o := range opts {
		o(r)
	}
	return r
}

// Name returns "docker".
func (*Runtime) Name() string { return "docker" }

// containerName is the name of a node's container. A testbed's name holds no dot, and in a node's every
// byte but letters, digits, - and _ becomes a dot and two hexadecimal digits, so that no two nodes share one.
func containerName(testbed, node string) string {
	return "tb-" + escape(testbed) + "." + escape(node)
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, ".%02x", c)
		}
	}
	return b.String()
}
