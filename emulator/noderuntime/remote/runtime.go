package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/machines"
	"testbed/emulator/noderuntime"
)

// Runtime runs nodes on another machine. What it prints has no terminal, and programs of "the host" are the machine's.
type Runtime struct {
	name    string
	machine string
	to      Opener
}

var (
	_ noderuntime.Runtime    = (*Runtime)(nil)
	_ noderuntime.Logger     = (*Runtime)(nil)
	_ noderuntime.Companions = (*Runtime)(nil)
	_ noderuntime.Watcher    = (*Runtime)(nil)
)

// New returns the runtime of a machine, whose agent is reached by to and runs a runtime called name. All errors name
// the machine.
func New(name, machine string, to Opener) *Runtime {
	return &Runtime{name: name, machine: machine, to: to}
}

// Name is that of the machine's runtime.
func (r *Runtime) Name() string { return r.name }

// Made is the runtime with all that it can tell of the machine's.
func (r *Runtime) Made() noderuntime.Made {
	return noderuntime.Made{Runtime: r, Supported: r.supported, EngineID: r.identity, Foreign: r.foreign, Prune: r.prune,
		Seize: r.seize}
}

// mostHosts bounds a file with the names of a testbed's nodes, in bytes.
const mostHosts = 16 << 20

// Start starts the nodes there. Their directories are made where they are missing, and the files that become
// /etc/hosts and those in Spec.Files are taken along. Where the connection is lost meanwhile it is not known what was
// started: Find by another connection finds it.
func (r *Runtime) Start(
	ctx context.Context, specs []noderuntime.Spec, progress func(int),
) ([]noderuntime.Node, error) {
	hosts := map[string][]byte{}
	for _, s := range specs {
		if _, known := hosts[s.HostsAt]; known || s.HostsAt == "" {
			continue
		}
		data, err := readfile.All(s.HostsAt, mostHosts)
		if err != nil {
			return nil, err
		}
		hosts[s.HostsAt] = data
	}
	done, err := r.do(ctx, request{Op: opStart, Specs: specs, Hosts: hosts}, local{progress: progress})
	if err == nil && !slices.EqualFunc(done.Nodes, specs, func(n noderuntime.Node, s noderuntime.Spec) bool {
		return n.Testbed == s.Testbed && n.Node == s.Node
	}) {
		return nil, machines.On(r.machine, errors.New("its agent tells of other nodes than it was to start"))
	}
	return done.Nodes, err
}

// TellHosts implements noderuntime.Namer.
func (r *Runtime) TellHosts(ctx context.Context, path string) error {
	data, err := readfile.All(path, mostHosts)
	if err == nil {
		_, err = r.do(ctx, request{Op: opHosts, Hosts: map[string][]byte{path: data}}, local{})
	}
	return err
}

// Inspect asks the machine.
func (r *Runtime) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	done, err := r.do(ctx, request{Op: opInspect, Nodes: nodes}, local{})
	if err != nil {
		return nil, err
	}
	if len(done.Conditions) != len(nodes) {
		return nil, machines.On(r.machine, fmt.Errorf("%d conditions of %d nodes", len(done.Conditions), len(nodes)))
	}
	for i, c := range done.Conditions {
		if c.Node.Testbed != nodes[i].Testbed || c.Node.Node != nodes[i].Node {
			return nil, machines.On(r.machine, fmt.Errorf("its agent tells of node %q, asked about %q", c.Node.Node,
				nodes[i].Node))
		}
	}
	return done.Conditions, nil
}

// Find finds those of the machine.
func (r *Runtime) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	done, err := r.do(ctx, request{Op: opFind, Testbed: testbed}, local{})
	return done.Nodes, err
}

// Exec runs a command in a node. A command whose connection is lost is ended.
func (r *Runtime) Exec(
	ctx context.Context, node noderuntime.Node, args []string, stdio noderuntime.Stdio,
) (int, error) {
	done, err := r.do(ctx, request{Op: opExec, Nodes: []noderuntime.Node{node}, Args: args, Tools: stdio.Tools,
		Connected: connected{stdio.In != nil, stdio.Out != nil, stdio.Err != nil, stdio.Signals != nil}},
		local{in: stdio.In, out: stdio.Out, err: stdio.Err, signals: stdio.Signals})
	if err != nil && done.Code == 0 {
		done.Code = -1
	}
	return done.Code, err
}

// Remove removes a testbed's nodes of the machine; nodes are those that were started there.
func (r *Runtime) Remove(ctx context.Context, testbed string, nodes []noderuntime.Node) error {
	_, err := r.do(ctx, request{Op: opRemove, Testbed: testbed, Nodes: nodes}, local{})
	return err
}

// Stop removes nodes of the machine.
func (r *Runtime) Stop(ctx context.Context, nodes []noderuntime.Node) error {
	_, err := r.do(ctx, request{Op: opStop, Nodes: nodes}, local{})
	return err
}

// Logs copies what a node has printed.
func (r *Runtime) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	_, err := r.do(ctx, request{Op: opLogs, Nodes: []noderuntime.Node{node}, Follow: follow}, local{out: out})
	if follow && ctx.Err() != nil {
		return nil // the end of ctx ends following
	}
	return err
}

// StartCompanion starts a program beside a node.
func (r *Runtime) StartCompanion(
	ctx context.Context, node noderuntime.Node, spec noderuntime.Companion,
) (id string, err error) {
	done, err := r.do(ctx, request{Op: opStartCompanion, Nodes: []noderuntime.Node{node}, Companion: spec}, local{})
	return done.Text, err
}

// AwaitCompanion returns when the program has ended.
func (r *Runtime) AwaitCompanion(ctx context.Context, id string) (how string, err error) {
	done, err := r.do(ctx, request{Op: opAwaitCompanion, ID: id}, local{})
	return done.Text, err
}

// StopCompanion ends the program.
func (r *Runtime) StopCompanion(ctx context.Context, id string, now bool) error {
	_, err := r.do(ctx, request{Op: opStopCompanion, ID: id, Now: now}, local{})
	return err
}

func (r *Runtime) supported(ctx context.Context) error {
	_, err := r.do(ctx, request{Op: opSupported}, local{})
	return err
}

func (r *Runtime) identity(ctx context.Context) (string, error) {
	done, err := r.do(ctx, request{Op: opIdentity}, local{})
	return done.Text, err
}

func (r *Runtime) foreign(ctx context.Context, testbed string, nodes []noderuntime.Node) ([]string, error) {
	done, err := r.do(ctx, request{Op: opForeign, Testbed: testbed, Nodes: nodes}, local{})
	return done.Names, err
}

func (r *Runtime) prune(ctx context.Context) (removed, left []string, err error) {
	done, err := r.do(ctx, request{Op: opPrune}, local{})
	return done.Names, done.Left, err
}

func (r *Runtime) seize(ctx context.Context, testbed string) error {
	_, err := r.do(ctx, request{Op: opSeize, Testbed: testbed}, local{})
	return err
}

// local is what of an operation happens here.
type local struct {
	progress func(int)
	in       io.Reader
	out, err io.Writer
	signals  <-chan os.Signal
}
