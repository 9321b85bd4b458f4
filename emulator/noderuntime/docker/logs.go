package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"testbed/emulator/noderuntime"
)

// Logs copies what a node printed, the newest one to two megabytes of it, also where the node has ended. The
// end of ctx ends following without an error.
func (r *Runtime) Logs(ctx context.Context, node noderuntime.Node, follow bool, out io.Writer) error {
	api, err := r.connect()
	if err != nil {
		return err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	unhook := context.AfterFunc(ctx, stop)
	defer unhook()
	if follow {
		err = r.follow(watched, api, node, out)
	} else if _, err = r.lives(watched, api, node); err == nil {
		err = r.copyLogs(watched, api, node.Container, out, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	}
	switch {
	case errdefs.IsNotFound(err):
		return fmt.Errorf("output: %w", noSuchNode(node))
	case ctx.Err() != nil && follow:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && watched.Err() != nil:
		err = context.Cause(watched)
	}
	if err != nil {
		return fmt.Errorf("output of node %s: %w", node.Node, err)
	}
	return nil
}

func (*Runtime) copyLogs(
	ctx context.Context, api *client.Client, name string, out io.Writer, options container.LogsOptions,
) error {
	stream, err := api.ContainerLogs(ctx, name, options)
	if err != nil {
		return err
	}
	defer stream.Close()
	_, err = stdcopy.StdCopy(out, out, stream)
	return err
}

// tail is the end of a container's output, for an error message.
func (r *Runtime) tail(ctx context.Context, api *client.Client, id string) (string, error) {
	const most = 500
	var out bytes.Buffer
	err := r.call(ctx, "its output", func(ctx context.Context) error {
		return r.copyLogs(ctx, api, id, &out, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "10"})
	})
	text := out.Bytes()
	if len(text) > most {
		text = text[len(text)-most:]
	}
	return strings.TrimSpace(string(text)), err
}
