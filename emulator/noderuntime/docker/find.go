package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
)

func labelled(label string) filters.Args { return filters.NewArgs(filters.Arg("label", label)) }

// Find finds nodes that run by the signatures of their containers. A node whose process is not on this
// machine, as the engine's numbers are another pid namespace's, has no number: it can only be removed.
func (r *Runtime) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	api, err := r.connect()
	if err != nil {
		return nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	label := labelProof
	if testbed != "" {
		label = LabelTestbed + "=" + testbed
	}
	found, err := r.containers(watched, api, label, false)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(c container.Summary) bool { return !r.secrets.prove(c) })
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
	nodes = slices.DeleteFunc(nodes, func(n noderuntime.Node) bool { return n.Container == "" })
	slices.SortFunc(nodes, func(a, b noderuntime.Node) int {
		return cmp.Or(cmp.Compare(a.Testbed, b.Testbed), cmp.Compare(a.Node, b.Node))
	})
	return nodes, nil
}

// Foreign names the containers, running or not, that carry the labels of a testbed's nodes, or of any
// testbed's where the name is empty, and that nothing proves to be testbed's: they are left alone. Those of
// the nodes that are given, as Start returned them, are none.
func (r *Runtime) Foreign(ctx context.Context, testbed string, nodes []noderuntime.Node) ([]string, error) {
	api, err := r.connect()
	if err != nil {
		return nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	wanted := []string{LabelTestbed, LabelNode}
	if testbed != "" {
		wanted = []string{LabelTestbed + "=" + testbed}
	}
	mine := r.mine(nodes)
	var names []string
	for _, label := range wanted {
		found, err := r.containers(watched, api, label, true)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if !mine(c) {
				names = append(names, describe(c))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// describe names a container for people.
func describe(c container.Summary) string {
	name := "container"
	if len(c.Names) > 0 {
		name = strings.TrimPrefix(c.Names[0], "/")
	}
	return fmt.Sprintf("%s (%.12s)", name, c.ID)
}

// containers lists those with a label; all: those that do not run, too.
func (r *Runtime) containers(
	ctx context.Context, api *client.Client, label string, all bool,
) ([]container.Summary, error) {
	var found []container.Summary
	err := r.call(ctx, "listing the nodes", func(ctx context.Context) (err error) {
		found, err = api.ContainerList(ctx, container.ListOptions{All: all, Filters: labelled(label)})
		return err
	})
	return found, err
}

// first finds a container's first process and proves that it is that. The number is 0 where the container
// does not run; the error wraps errStranger where it runs, and the number that the engine tells is not its
// process's on this machine.
func (r *Runtime) first(ctx context.Context, api *client.Client, id string) (pid int, i identity, err error) {
	for deadline := time.Now().Add(r.notices); ; time.Sleep(tick) {
		found, err := api.ContainerInspect(ctx, id)
		if errdefs.IsNotFound(err) {
			return 0, identity{}, nil
		}
		if err != nil || !found.State.Running || found.State.Pid <= 0 {
			return 0, identity{}, err
		}
		i, err := identify(found.State.Pid, id)
		if !errors.Is(err, errStranger) || time.Now().After(deadline) {
			return found.State.Pid, i, err
		}
	}
}

// inspect finds the node in a container of testbed's. One that has ended gives a node without container.
func (r *Runtime) inspect(ctx context.Context, api *client.Client, c container.Summary) (noderuntime.Node, error) {
	testbed, node := c.Labels[LabelTestbed], c.Labels[LabelNode]
	var n noderuntime.Node
	err := r.call(ctx, "looking at node "+node, func(ctx context.Context) error {
		pid, i, err := r.first(ctx, api, c.ID)
		switch {
		case errors.Is(err, errStranger):
			n = noderuntime.Node{Testbed: testbed, Node: node, Container: c.ID}
			return nil
		case err == nil && pid > 0:
			n = nodeOf(testbed, node, c.ID, pid, i)
		}
		return err
	})
	return n, err
}
