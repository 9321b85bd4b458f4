package docker

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"
)

// defaultRemovers is how many containers are removed at a time. Removal waits more than a start does:
// BenchmarkRemove (32 nodes on two busy cores, medians of 5) held against bare containers removed 4 at a time
// has the engine alone at 1.03 with 4 at a time and 1.04 with 8; with all first processes killed beforehand
// by this program 0.82 with 4 and 0.75 with 8.
func defaultRemovers() int { return min(max(8, 4*runtime.NumCPU()), 16) }

const (
	goneWithin = 30 * time.Second       // containers that somebody else removes must be gone
	settling   = 100 * time.Millisecond // an engine may still create what a killed controller asked it for
)

// Remove removes the containers of a testbed, whether they run or not, with what they hold. Where the engine
// does not answer it fails within 10 s; repeated later, it finishes.
func (r *Runtime) Remove(ctx context.Context, testbed string) error {
	if testbed == "" {
		return errors.New("removing nodes: no testbed is named")
	}
	return r.removeLabelled(ctx, LabelTestbed+"="+testbed)
}

// removeLabelled removes all containers with a label, until none is left.
func (r *Runtime) removeLabelled(ctx context.Context, label string) error {
	api, err := r.connect()
	if err != nil {
		return err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	var deadline time.Time // once all have been told to go
	for settled := false; ; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		found, err := r.containers(watched, api, label, true)
		if err != nil {
			return err
		}
		switch {
		case len(found) == 0 && settled:
			return nil
		case len(found) == 0:
			settled = true
			time.Sleep(settling)
			continue
		case !deadline.IsZero() && time.Now().After(deadline):
			return fmt.Errorf("container %v is still there after %v", found[0].Names, goneWithin)
		}
		if err := r.removeAll(ctx, watched, api, found); err != nil {
			return err
		}
		if settled = true; deadline.IsZero() {
			deadline = time.Now().Add(goneWithin)
		}
	}
}

// removeAll removes containers, several at a time. What one leaves undone does not keep it from the others.
func (r *Runtime) removeAll(ctx, watched context.Context, api *client.Client, found []container.Summary) error {
	if r.signals {
		r.killAll(ctx, watched, api, found)
	}
	group := errgroup.Group{}
	group.SetLimit(r.removers)
	errs := make([]error, len(found))
	for i, c := range found {
		group.Go(func() error {
			if errs[i] = context.Cause(ctx); errs[i] == nil {
				errs[i] = r.removeOne(watched, api, c)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	return firstOf(errs)
}

// killAll kills the first processes of containers by itself, as far as it can: the engine does the rest. It
// saves the engine a process a container, and they end side by side.
func (r *Runtime) killAll(ctx, watched context.Context, api *client.Client, found []container.Summary) {
	group := errgroup.Group{}
	group.SetLimit(r.removers)
	for _, c := range found {
		if c.State != container.StateRunning || ctx.Err() != nil {
			continue
		}
		group.Go(func() error {
			if n, err := r.inspect(watched, api, c); err == nil && n.PID > 0 {
				_ = signalContainer(n.PID, c.ID, kill)
			}
			return nil
		})
	}
	_ = group.Wait() // there are no errors
}

func (r *Runtime) removeOne(ctx context.Context, api *client.Client, c container.Summary) error {
	err := r.call(ctx, "removing node "+c.Labels[LabelNode], func(ctx context.Context) error {
		return api.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	})
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err): // somebody else is removing it: the next look tells
		time.Sleep(tick)
		return nil
	}
	return err
}

// firstOf joins up to three errors: what fails for one container mostly fails for all.
func firstOf(errs []error) error {
	var some []error
	for _, err := range errs {
		if err != nil && len(some) < 3 {
			some = append(some, err)
		}
	}
	return errors.Join(some...)
}
