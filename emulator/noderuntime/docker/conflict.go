package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
)

// elsewhere says of an engine that its containers' processes cannot be reached by their numbers.
func elsewhere(host string, err error) error {
	return unsupported(fmt.Sprintf("the engine at %s is in another pid namespace than testbed (Docker in Docker?), "+
		"so that the numbers of its processes are others' here: "+
		"run testbed where the engine runs, or set DOCKER_HOST to this host's engine", host), err)
}

// taken says who has the name that a node's container was to have.
func (l *launch) taken(s noderuntime.Spec, conflict error) error {
	name := containerName(s.Testbed, s.Node)
	var found []container.Summary
	err := l.call(l.calls, "looking for the container "+name, func(ctx context.Context) (err error) {
		named := filters.NewArgs(filters.Arg("name", name))
		found, err = l.api.ContainerList(ctx, container.ListOptions{All: true, Filters: named})
		return err
	})
	if err != nil {
		return errors.Join(fmt.Errorf("node %s: %w", s.Node, conflict), err)
	}
	for _, c := range found {
		switch {
		case !bears(c, name): // the engine takes the name for a pattern
		case l.made(c) || l.secrets.prove(c):
			return fmt.Errorf("node %s: its container is there already: remove it with `testbed down --name %s`: %w: %w",
				s.Node, shell.Quote(s.Testbed), noderuntime.ErrRuns, conflict)
		default:
			return fmt.Errorf("node %s: its container's name is taken by one that testbed did not make, "+
				"and that it leaves alone: rename that (`docker rename %s NAME`) "+
				"or choose another name for the testbed (--name): %w", s.Node, name, conflict)
		}
	}
	return fmt.Errorf("node %s: %w", s.Node, conflict)
}
