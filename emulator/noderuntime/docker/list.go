package docker

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
)

// nodeOf is a node whose first process has the given number.
func nodeOf(testbed, node string, pid int) noderuntime.Node {
	return noderuntime.Node{Testbed: testbed, Node: node, PID: pid, NetNS: fmt.Sprintf("/proc/%d/ns/net", pid)}
}

func labelled(label string) filters.Args { return filters.NewArgs(filters.Arg("label", label)) }

// List finds nodes by the labels of their containers, whoever started them. A container that has ended is
// no node that runs: its number may be another process's by now.
func (r *Runtime) List(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	api, err := r.connect()
	if err != nil {
		return nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	label := LabelNode
	if testbed != "" {
		label = LabelTestbed + "=" + testbed
	}
	found, err := r.containers(watched, api, label, false)
	if err != nil {
		return nil, err
	}
	nodes := make([]noderuntime.Node, len(found))
	group := errgroup.Group{}
	group.SetLimit(r.parallel)
	for i, c := range found {
		group.Go(func() (err error) {
			nodes[i], err = r.inspect(watched, api, c)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, func(n noderuntime.Node) bool { return n.PID == 0 })
	slices.SortFunc(nodes, func(a, b noderuntime.Node) int {
		return cmp.Or(cmp.Compare(a.Testbed, b.Testbed), cmp.Compare(a.Node, b.Node))
	})
	return nodes, nil
}

// containers lists those with a label; all: those that do not run, too.
func (r *Runtime) containers(ctx context.Context, api *client.Client, label string, all bool) (found []container.Summary, err error) {
	err = r.call(ctx, "listing the nodes", func(ctx context.Context) error {
		found, err = api.ContainerList(ctx, container.ListOptions{All: all, Filters: labelled(label)})
		return err
	})
	return found, err
}

// inspect finds a container's first process. A container that has ended gives a node without number.
func (r *Runtime) inspect(ctx context.Context, api *client.Client, c container.Summary) (n noderuntime.Node, err error) {
	err = r.call(ctx, "looking at node "+c.Labels[LabelNode], func(ctx context.Context) error {
		found, err := api.ContainerInspect(ctx, c.ID)
		if errdefs.IsNotFound(err) {
			return nil
		}
		if err == nil && found.State.Running && found.State.Pid > 0 {
			n = nodeOf(c.Labels[LabelTestbed], c.Labels[LabelNode], found.State.Pid)
		}
		return err
	})
	return n, err
}
