// Package docker runs each node as an unprivileged container of a Docker engine on this host, without
// network: a fabric joins the nodes from outside. A node is its container's ID, its process and its namespace.
// Signed labels prove which container is testbed's own, so that nodes are found and removed without any record
// of them, and nothing else that is with the engine is touched.
package docker

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"testbed/emulator/internal/program"
	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
)

// MinimumAPI is the oldest version of the Engine API that will do: that of Docker Engine 20.10.
const MinimumAPI = "1.41"

// binaryInside is where the testbed's binary is in a node.
const binaryInside = "/testbed"

// hostsInside is where the names of a testbed's nodes are in each.
const hostsInside = "/etc/hosts"

// ErrEngine is wrapped by errors about an engine that stopped answering.
var ErrEngine = errors.New("the Docker engine does not answer")

// Runtime runs nodes as containers.
type Runtime struct {
	program  program.Program
	host     string                    // of the engine; empty: the one that Docker's own client would use
	secrets  secretsOf                 // by which containers are known
	key      func() noderuntime.Secret // by which images are known
	patience time.Duration             // for an answer to a ping, before the engine counts as gone
	longest  time.Duration             // that any one call may take
	notices  time.Duration             // that an engine may take to notice that a process has ended
	parallel int                       // calls under way at a time, while nodes are started
	removers int                       // the same, while they are removed
	signals  bool                      // Remove kills first processes itself
	machine  bool                      // programs of the host are those of the engine's machine
	names    string                    // directory where namespaces get the name tb-TESTBED.NODE; empty: none

	mu    sync.Mutex
	place endpoint // where api talks to
	api   *client.Client

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

// WithSecrets says which secrets may have signed the containers of a bringing up of a testbed, so that Find and
// Remove know them without a record. Without this option they know none. The names passed are those that a
// container's labels give; they are valid, and may be of a testbed that never was.
func WithSecrets(secrets func(testbed, run string) []noderuntime.Secret) Option {
	return func(r *Runtime) { r.secrets = secrets }
}

// WithKey says which secret signs this host's node images, so that Prune knows them. It is asked when an image is
// looked at. Without it, or with the zero secret, images are made unsigned, and Prune removes none.
func WithKey(key func() noderuntime.Secret) Option { return func(r *Runtime) { r.key = key } }

// New returns a runtime whose nodes run the program p, which must be statically linked. It does
// not yet talk to the engine.
func New(p program.Program, opts ...Option) *Runtime {
	r := &Runtime{program: p, secrets: noSecrets, key: func() noderuntime.Secret { return noderuntime.Secret{} },
		patience: 10 * time.Second, longest: 2 * time.Minute, notices: 3 * time.Second,
		parallel: defaultStarters(), removers: defaultRemovers(), signals: true, names: netns.Names}
	for _, o := range opts {
		o(r)
	}
	return r
}

func noSecrets(string, string) []noderuntime.Secret { return nil }

// Name returns "docker".
func (*Runtime) Name() string { return Name }

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
