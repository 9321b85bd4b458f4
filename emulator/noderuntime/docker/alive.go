package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
)

// Inspect asks the kernel for the processes that were recorded, and the engine for their containers. A container
// that runs as another process than the recorded one was restarted, by whomever: that process is proved to be the
// container's as Start proves it, and the name of its network namespace follows it.
func (r *Runtime) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	all := make([]noderuntime.Condition, len(nodes))
	if len(nodes) == 0 {
		return all, context.Cause(ctx)
	}
	api, err := r.connect()
	if err != nil {
		return nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	found, err := r.containers(watched, api, labelProof, true)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]container.Summary, len(found))
	for _, c := range found {
		byID[c.ID] = c
	}
	group := errgroup.Group{}
	group.SetLimit(r.parallel)
	for i, n := range nodes {
		group.Go(func() (err error) {
			c, there := byID[n.Container]
			if all[i], err = r.condition(watched, api, n, c, there && isNode(c.Labels, n)); err != nil {
				err = fmt.Errorf("node %s: %w", n.Node, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return all, nil
}

// condition is how a node is whose container the engine lists as c; own is whether there is one, and it is the node's.
func (r *Runtime) condition(
	ctx context.Context, api *client.Client, n noderuntime.Node, c container.Summary, own bool,
) (noderuntime.Condition, error) {
	is := func(s noderuntime.State) (noderuntime.Condition, error) {
		return noderuntime.Condition{State: s, Node: n}, nil
	}
	if !own || c.State != container.StateRunning && c.State != container.StatePaused {
		return is(noderuntime.Dead)
	}
	as, err := same(n)
	switch {
	case err != nil:
		return noderuntime.Condition{}, err
	case as.recorded && (c.State == container.StatePaused || as.stopped):
		return is(noderuntime.Paused)
	case as.recorded:
		return is(noderuntime.Running)
	}
	now, err := r.inspect(ctx, api, c)
	if err != nil {
		return noderuntime.Condition{}, err
	}
	if now.PID == 0 { // it has ended since, or its process is not to be had on this machine
		return is(noderuntime.Dead)
	}
	_ = noderuntime.AddNames(r.names, []noderuntime.Node{now}) // the condition holds without it
	return noderuntime.Condition{State: noderuntime.Restarted, Node: now}, nil
}

// isNode tells whether the labels of the container that a node is recorded with are that node's. The engine
// lets nobody change them.
func isNode(labels map[string]string, n noderuntime.Node) bool {
	return labels[LabelTestbed] == n.Testbed && labels[LabelNode] == n.Node && labels[labelProof] != ""
}

// recorded looks whether the container that a node is recorded with is there and is that node's. The error
// wraps noderuntime.ErrNoSuchNode where it is not.
func (r *Runtime) recorded(
	ctx context.Context, api *client.Client, n noderuntime.Node,
) (container.InspectResponse, error) {
	if !isID(n.Container) {
		return container.InspectResponse{}, noSuchNode(n)
	}
	found, err := api.ContainerInspect(ctx, n.Container)
	switch {
	case errdefs.IsNotFound(err):
		return found, noSuchNode(n)
	case err != nil:
		return found, err
	case found.ID != n.Container || found.Config == nil || !isNode(found.Config.Labels, n):
		return found, noSuchNode(n)
	}
	return found, nil
}

func noSuchNode(n noderuntime.Node) error {
	return fmt.Errorf("node %s of testbed %s (pid %d, container %.12s): %w",
		n.Node, n.Testbed, n.PID, n.Container, noderuntime.ErrNoSuchNode)
}

func stillRuns(n noderuntime.Node) bool {
	as, err := same(n)
	return as.recorded && err == nil
}

// runs fails with noderuntime.ErrNoSuchNode where the process that a node is recorded with does not run any
// more, or the container is not the node's.
func (r *Runtime) runs(ctx context.Context, api *client.Client, n noderuntime.Node) error {
	as, err := same(n)
	if err == nil && !as.recorded {
		err = noSuchNode(n)
	}
	if err != nil {
		return err
	}
	_, err = r.recorded(ctx, api, n)
	if err != nil && !errors.Is(err, noderuntime.ErrNoSuchNode) {
		return fmt.Errorf("node %s: %w", n.Node, err)
	}
	return err
}
