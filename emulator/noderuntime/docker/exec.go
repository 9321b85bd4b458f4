package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
)

// The statuses by which shells report that a command could not be run.
const (
	statusNotExecutable = 126
	statusNotFound      = 127
)

// afterwards is how long a cancelled command may take to end by itself, and how long the engine may take to
// say what a command's status was.
const afterwards = 2 * time.Second

// Exec runs a command in a node. Of testbed's own node image, which holds one program, it is a program of this host
// in the node's network unless it is that one or stdio.Tools says otherwise; see hostTool. Of an image of the user's
// it is one of the image's, under the node's own limits and without capabilities, in the image's working directory.
// Where both In and Out are a terminal that gets a terminal. It gets stdio.Signals, as what it starts does where the
// kernel can tell (Linux 6.9); when ctx ends, SIGTERM, and SIGKILL 2 s later. Where the command cannot be run the
// status is 127 (not found) or 126, with an error. It fails with noderuntime.ErrNoSuchNode where the node does not run
// any more.
func (r *Runtime) Exec(
	ctx context.Context, node noderuntime.Node, args []string, stdio noderuntime.Stdio,
) (int, error) {
	if len(args) == 0 {
		return statusNotFound, fmt.Errorf("running a command in node %s: none is given", node.Node)
	}
	api, err := r.connect()
	if err != nil {
		return -1, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	e := &execution{Runtime: r, api: api, calls: watched, node: node, args: args}
	on, err := e.where(stdio.Tools)
	if err != nil {
		return -1, err
	}
	if on.host {
		return r.hostTool(ctx, node, on.hosts, args, stdio)
	}
	if err := e.create(stdio); err != nil {
		return -1, err
	}
	stream, err := e.attach()
	if err != nil {
		return -1, err
	}
	defer stream.Close()
	restore, err := e.terminal(stdio)
	if err != nil {
		return -1, err
	}
	defer restore()
	said, copied := e.copy(stream, stdio)
	for {
		select {
		case err = <-copied:
			return e.status(err, said)
		case s := <-stdio.Signals:
			e.signal(s)
		case <-watched.Done():
			return -1, fmt.Errorf("running %s in node %s: %w", args[0], node.Node, context.Cause(watched))
		case <-ctx.Done():
			e.end(copied)
			return 128 + int(terminate), context.Cause(ctx)
		}
	}
}

// whose says whose program a command is, and what a program of the host needs.
type whose struct {
	host  bool
	hosts string // the file that the node has as /etc/hosts
}

// where decides between the node's programs and the host's.
func (e *execution) where(tools noderuntime.Tools) (is whose, err error) {
	if tools == noderuntime.NodeTools {
		return is, nil
	}
	err = e.call(e.calls, "looking at node "+e.node.Node, func(ctx context.Context) error {
		if err := e.runs(ctx, e.api, e.node); err != nil {
			return err
		}
		found, err := e.api.ContainerInspect(ctx, e.node.Container)
		if err != nil {
			return err
		}
		for _, m := range found.HostConfig.Mounts {
			if m.Target == hostsInside {
				is.hosts = m.Source
			}
		}
		// The image's label is in the container's. A node image has nothing to run but the one program.
		signature := found.Config.Labels[labelImage]
		bare := len(signature) > tagDigits && found.Config.Image == tagOf(signature)
		is.host = tools == noderuntime.HostTools || bare && e.args[0] != binaryInside
		return nil
	})
	if errdefs.IsNotFound(err) {
		err = noSuchNode(e.node)
	}
	return is, err
}

// execution is one command in a node.
type execution struct {
	*Runtime
	api   *client.Client
	calls context.Context
	node  noderuntime.Node
	id    string
	args  []string
	tty   bool
}

// create makes sure that the node is the one that is meant, and tells the engine of the command.
func (e *execution) create(stdio noderuntime.Stdio) error {
	e.tty = isTerminal(stdio.In) && isTerminal(stdio.Out)
	err := e.call(e.calls, "running a command in node "+e.node.Node, func(ctx context.Context) error {
		if err := e.runs(ctx, e.api, e.node); err != nil {
			return err
		}
		made, err := e.api.ContainerExecCreate(ctx, e.node.Container, container.ExecOptions{Cmd: e.args, Tty: e.tty,
			AttachStdin: stdio.In != nil, AttachStdout: true, AttachStderr: true})
		e.id = made.ID
		return err
	})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) && !stillRuns(e.node) { // or it is paused, as the error says
		return noSuchNode(e.node)
	}
	return err
}

// attach starts the command. The client's own call has no bound in time once it is connected.
func (e *execution) attach() (types.HijackedResponse, error) {
	type result struct {
		types.HijackedResponse
		error
	}
	done := make(chan result, 1)
	go func() {
		stream, err := e.api.ContainerExecAttach(e.calls, e.id, container.ExecAttachOptions{Tty: e.tty})
		done <- result{stream, err}
	}()
	select {
	case got := <-done:
		if got.error != nil {
			return got.HijackedResponse, fmt.Errorf("running %s in node %s: %w", e.args[0], e.node.Node, got.error)
		}
		return got.HijackedResponse, nil
	case <-e.calls.Done():
		err := context.Cause(e.calls)
		return types.HijackedResponse{}, fmt.Errorf("running %s in node %s: %w", e.args[0], e.node.Node, err)
	}
}

// copy connects the command with stdio. Its channel tells the end of the command's output.
func (e *execution) copy(stream types.HijackedResponse, stdio noderuntime.Stdio) (*refusal, <-chan error) {
	if stdio.In != nil {
		go func() {
			_, _ = io.Copy(stream.Conn, stdio.In) // a command may end before its input does
			_ = stream.CloseWrite()
		}()
	}
	out, errs := &refusal{out: orDiscard(stdio.Out)}, orDiscard(stdio.Err)
	copied := make(chan error, 1)
	go func() {
		var err error
		if e.tty {
			_, err = io.Copy(out, stream.Reader)
		} else {
			_, err = stdcopy.StdCopy(out, errs, stream.Reader)
		}
		copied <- err
	}()
	return out, copied
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// signal passes a signal on to the command, which may have ended or not begun.
func (e *execution) signal(s os.Signal) {
	number, ok := s.(syscall.Signal)
	if !ok {
		return
	}
	_ = e.call(e.calls, "passing a signal on", func(ctx context.Context) error {
		found, err := e.api.ContainerExecInspect(ctx, e.id)
		if err != nil || !found.Running || found.Pid == 0 {
			return err
		}
		return signalContainer(found.Pid, e.node.Container, number)
	})
}

// end ends a command whose caller does not want it any more. The engine has no call for that.
func (e *execution) end(copied <-chan error) {
	for _, signal := range []syscall.Signal{terminate, kill} {
		e.signal(signal)
		select {
		case <-copied:
			return
		case <-time.After(afterwards):
		}
	}
}

// status is the command's status once its output has ended.
func (e *execution) status(copied error, said *refusal) (int, error) {
	var found container.ExecInspect
	var err error
	for deadline := time.Now().Add(afterwards); ; time.Sleep(2 * time.Millisecond) {
		err = e.call(e.calls, "status of "+e.args[0]+" in node "+e.node.Node, func(ctx context.Context) (err error) {
			found, err = e.api.ContainerExecInspect(ctx, e.id)
			return err
		})
		if err != nil || !found.Running || time.Now().After(deadline) {
			break
		}
	}
	switch {
	case errdefs.IsNotFound(err) || errdefs.IsConflict(err):
		return 128 + int(kill), nil // the node was removed, and the command with it
	case err != nil:
		return -1, err
	case said.reason() != "" && (found.ExitCode == statusNotFound || found.ExitCode == statusNotExecutable):
		return said.status(), fmt.Errorf("%s: cannot be run in node %s: %s; `testbed exec --tools host %s -- %s` runs "+
			"this host's in the node's network", e.args[0], e.node.Node, said.reason(), shell.Quote(e.node.Node),
			shell.Quote(e.args[0]))
	}
	return found.ExitCode, errors.Join(copied, said.flush())
}
