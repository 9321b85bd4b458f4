package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

// Inspect asks the kernel for the processes that were recorded, and the engine for their containers.
func (r *Runtime) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	alive, err := r.alive(ctx, nodes)
	if err != nil {
		return nil, err
	}
	all := make([]noderuntime.Condition, len(nodes))
	for i, n := range nodes {
		all[i] = noderuntime.Condition{State: noderuntime.Dead, Node: n}
		if slices.Contains(alive, n) {
			all[i].State = noderuntime.Running
		}
	}
	return all, nil
}

func (r *Runtime) alive(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Node, error) {
	var live []noderuntime.Node
	for _, n := range nodes {
		ok, err := same(n)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Node, err)
		}
		if ok {
			live = append(live, n)
		}
	}
	if len(live) == 0 {
		return nil, context.Cause(ctx)
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
	running, err := r.containers(watched, api, LabelTestbed, false)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]container.Summary, len(running))
	for _, c := range running {
		byID[c.ID] = c
	}
	var alive []noderuntime.Node
	for _, n := range live {
		if c, ok := byID[n.Container]; ok && isNode(c.Labels, n) {
			alive = append(alive, n)
		}
	}
	return alive, nil
}

// isNode tells whether the labels of the container that a node is recorded with are that node's. The engine
// lets nobody change them.
func isNode(labels map[string]string, n noderuntime.Node) bool {
	return labels[LabelTestbed] == n.Testbed && labels[LabelNode] == n.Node && labels[labelProof] != ""
}

// recorded looks whether the container that a node is recorded with is there and is that node's. The error
// wraps noderuntime.ErrNoSuchNode where it is not.
func (r *Runtime) recorded(ctx context.Context, api *client.Client, n noderuntime.Node) error {
	if !isID(n.Container) {
		return noSuchNode(n)
	}
	found, err := api.ContainerInspect(ctx, n.Container)
	switch {
	case errdefs.IsNotFound(err):
		return noSuchNode(n)
	case err != nil:
		return err
	case found.ID != n.Container || found.Config == nil || !isNode(found.Config.Labels, n):
		return noSuchNode(n)
	}
	return nil
}

func noSuchNode(n noderuntime.Node) error {
	return fmt.Errorf("node %s of testbed %s (pid %d, container %.12s): %w",
		n.Node, n.Testbed, n.PID, n.Container, noderuntime.ErrNoSuchNode)
}

func stillRuns(n noderuntime.Node) bool {
	ok, err := same(n)
	return ok && err == nil
}

// runs fails with noderuntime.ErrNoSuchNode where the process that a node is recorded with does not run any
// more, or the container is not the node's.
func (r *Runtime) runs(ctx context.Context, api *client.Client, n noderuntime.Node) error {
	ok, err := same(n)
	if err == nil && !ok {
		err = noSuchNode(n)
	}
	if err != nil {
		return err
	}
	err = r.recorded(ctx, api, n)
	if err != nil && !errors.Is(err, noderuntime.ErrNoSuchNode) {
		return fmt.Errorf("node %s: %w", n.Node, err)
	}
	return err
}
