package several

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"testbed/emulator/noderuntime"
)

// of is the runtime of a node's machine, and the node as that knows it.
func (r *Runtime) of(node noderuntime.Node) (int, noderuntime.Made, noderuntime.Node, error) {
	i, err := r.at(node.Machine, node.Node)
	if err != nil {
		return 0, noderuntime.Made{}, node, err
	}
	node.Machine = ""
	return i, r.machines[i].Made, node, nil
}

// Exec runs a command in a node.
func (r *Runtime) Exec(
	ctx context.Context, node noderuntime.Node, args []string, stdio noderuntime.Stdio,
) (int, error) {
	_, made, node, err := r.of(node)
	if err != nil {
		return -1, err
	}
	return made.Exec(ctx, node, args, stdio)
}

// Logs copies what a node has printed.
func (r *Runtime) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	_, made, node, err := r.of(node)
	if err != nil {
		return err
	}
	logger, ok := made.Runtime.(noderuntime.Logger)
	if !ok {
		return fmt.Errorf("the runtime %s keeps no logs: %w", r.name, noderuntime.ErrNotSupported)
	}
	return logger.Logs(ctx, node, follow, out)
}

// companions is what runs programs beside nodes on a machine.
func (r *Runtime) companions(made noderuntime.Made) (noderuntime.Companions, error) {
	if c, ok := made.Runtime.(noderuntime.Companions); ok {
		return c, nil
	}
	return nil, fmt.Errorf("the runtime %s runs no programs beside nodes: %w", r.name, noderuntime.ErrNotSupported)
}

// StartCompanion starts a program beside a node. Its ID says which machine has it.
func (r *Runtime) StartCompanion(
	ctx context.Context, node noderuntime.Node, spec noderuntime.Companion,
) (id string, err error) {
	i, made, node, err := r.of(node)
	if err != nil {
		return "", err
	}
	c, err := r.companions(made)
	if err != nil {
		return "", err
	}
	if id, err = c.StartCompanion(ctx, node, spec); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d/%s", i, id), nil
}

// companion is what has the program of an ID, and by which ID.
func (r *Runtime) companion(id string) (noderuntime.Companions, string, error) {
	at, own, ok := strings.Cut(id, "/")
	i, err := strconv.Atoi(at)
	if !ok || err != nil || i < 0 || i >= len(r.machines) {
		return nil, "", fmt.Errorf("program %q: %w", id, ErrNoMachine)
	}
	c, err := r.companions(r.machines[i].Made)
	return c, own, err
}

// AwaitCompanion returns when the program has ended.
func (r *Runtime) AwaitCompanion(ctx context.Context, id string) (how string, err error) {
	c, own, err := r.companion(id)
	if err != nil {
		return "", err
	}
	return c.AwaitCompanion(ctx, own)
}

// StopCompanion ends the program.
func (r *Runtime) StopCompanion(ctx context.Context, id string, now bool) error {
	c, own, err := r.companion(id)
	if err != nil {
		return err
	}
	return c.StopCompanion(ctx, own, now)
}

// Watch blocks until a node on any machine does not run any more, a machine cannot be asked, or ctx ends.
func (r *Runtime) Watch(ctx context.Context, nodes []noderuntime.Node) (died string, err error) {
	places, err := r.splitNodes(nodes)
	if err != nil {
		return "", err
	}
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := func(node string, err error) {
		if err == nil {
			err = diedError(node)
		}
		cancel(err)
	}
	_ = r.each(func(i int, m noderuntime.Made) error {
		if len(places[i].list) == 0 {
			return nil
		}
		w, ok := m.Runtime.(noderuntime.Watcher)
		watch := noderuntime.WatchAlive
		if ok {
			watch = w.Watch
		}
		node, err := watch(watching, places[i].list)
		if watching.Err() == nil {
			end(node, err)
		}
		return nil
	})
	<-watching.Done() // where there is nothing to watch
	if ctx.Err() != nil {
		return "", nil
	}
	var d diedError
	if err = context.Cause(watching); errors.As(err, &d) {
		return string(d), nil
	}
	return "", err
}

// diedError is the name of a node that has died.
type diedError string

func (e diedError) Error() string { return string(e) + " has died" }
