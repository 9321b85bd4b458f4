package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"testbed/emulator/noderuntime"
)

// checkFree makes sure that an image has nothing where the binary is mounted: a directory there would keep the node
// from starting, a file would be covered. Only a container that has been created shows an image's files. It is
// never started, bears the labels and the name of the node, so that it is removed like one, and is removed at once.
func (l *launch) checkFree(s noderuntime.Spec, i image) error {
	var id string
	what := "looking into the image " + s.Image
	err := l.call(l.calls, what, func(ctx context.Context) error {
		config := &container.Config{Image: i.name, NetworkDisabled: true, Entrypoint: []string{binaryInside},
			Labels: labels(s, l.id)}
		name := containerName(s.Testbed, s.Node)
		made, err := l.api.ContainerCreate(ctx, config, confined(s.Limits, l.engine), nil, nil, name)
		id = made.ID
		return err
	})
	switch {
	case errdefs.IsConflict(err):
		return l.taken(s, err)
	case err != nil:
		return err
	}
	err = l.call(l.calls, what, func(ctx context.Context) error {
		found, err := l.api.ContainerStatPath(ctx, id, binaryInside)
		switch {
		case errdefs.IsNotFound(err):
			return nil
		case err != nil:
			return err
		case found.Mode.IsDir():
			return fmt.Errorf("%w: the image has a directory %s, where testbed's own binary is mounted: build one "+
				"without it, or run the node without the agent", noderuntime.ErrSpec, binaryInside)
		}
		return fmt.Errorf("%w: the image has a file %s, which testbed's own binary would cover: build one without "+
			"it, or run the node without the agent", noderuntime.ErrSpec, binaryInside)
	})
	removed := l.removeOne(l.calls, l.api, container.Summary{ID: id, Labels: map[string]string{LabelNode: s.Node}})
	if err != nil {
		return err
	}
	return removed
}
