package docker

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
)

// defaultRemovers is how many containers are removed at a time. Removal waits more than a start does:
// BenchmarkRemove (32 nodes on two busy cores, medians of 5) held against bare containers removed 4 at a time
// has the engine alone at 1.03 with 4 at a time and 1.04 with 8; with all first processes killed beforehand
// by this program 0.82 with 4 and 0.75 with 8.
func defaultRemovers() int { return min(max(8, 4*runtime.NumCPU()), 16) }

const (
	goneWithin = 30 * time.Second       // containers that somebody else removes must be gone
	settling   = 100 * time.Millisecond // an engine may still create what a killed controller asked it for
	again      = 50 * time.Millisecond  // between two requests to remove what the engine refused to
)

// Remove removes the containers that the nodes are recorded with, and those that their signatures prove to be
// the testbed's, whether they run or not, with their unnamed volumes. It leaves alone whatever else carries
// the testbed's labels: Foreign names it. Where the engine does not answer, or refuses without end, it fails
// within some 10 s; repeated later, it finishes.
func (r *Runtime) Remove(ctx context.Context, testbed string, nodes []noderuntime.Node) error {
	if testbed == "" {
		return errors.New("removing nodes: no testbed is named")
	}
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n noderuntime.Node) bool { return n.Testbed != testbed })
	if err := r.removeWhere(ctx, LabelTestbed+"="+testbed, r.mine(nodes)); err != nil {
		return err
	}
	return noderuntime.RemoveNames(r.names, testbed)
}

// Seize removes what looks like nodes of a testbed, and programs beside them, by labels that anybody could have given,
// with their unnamed volumes: for whoever says that they are to go although nothing proves whose they are.
func (r *Runtime) Seize(ctx context.Context, testbed string) error {
	if testbed == "" {
		return errors.New("removing nodes: no testbed is named")
	}
	return r.removeWhere(ctx, LabelTestbed+"="+testbed, func(c container.Summary) bool {
		return c.Labels[LabelTestbed] == testbed && c.Labels[LabelNode] != ""
	})
}

// Stop removes the containers that the nodes are recorded with, whether they run, have been started anew, are paused
// or have ended, with their unnamed volumes and names. A container whose labels are not the node's is left alone.
func (r *Runtime) Stop(ctx context.Context, nodes []noderuntime.Node) error {
	recorded := map[string]noderuntime.Node{}
	for _, n := range nodes {
		if isID(n.Container) {
			recorded[n.Container] = n
		}
	}
	if len(recorded) == 0 {
		return noderuntime.RemoveNamesOf(r.names, nodes)
	}
	err := r.removeWhere(ctx, labelProof, func(c container.Summary) bool {
		n, ok := recorded[c.ID]
		return ok && isNode(c.Labels, n) || r.secrets.proveCompanion(c) && slices.ContainsFunc(nodes,
			func(n noderuntime.Node) bool { return isNode(c.Labels, n) })
	})
	if err != nil {
		return err
	}
	return noderuntime.RemoveNamesOf(r.names, nodes)
}

// mine returns what tells the containers that testbed made: those of recorded nodes by their IDs, others by
// their signatures, unless a record says that there cannot be another one of their launch.
func (r *Runtime) mine(nodes []noderuntime.Node) func(container.Summary) bool {
	type name struct{ testbed, node string }
	byID, byName := map[string]noderuntime.Node{}, map[name]noderuntime.Node{}
	for _, n := range nodes {
		if isID(n.Container) {
			byID[n.Container], byName[name{n.Testbed, n.Node}] = n, n
		}
	}
	return func(c container.Summary) bool {
		if n, known := byID[c.ID]; known && isNode(c.Labels, n) {
			return true
		}
		if r.secrets.proveCompanion(c) {
			return true
		}
		if !r.secrets.prove(c) {
			return false
		}
		n, known := byName[name{c.Labels[LabelTestbed], c.Labels[LabelNode]}]
		launch, err := parseLaunch(c.Labels[labelLaunch])
		return !known || err == nil && !launch.superseded(n)
	}
}

// removeWhere removes those containers with a label that are testbed's own, until none is left.
func (r *Runtime) removeWhere(ctx context.Context, label string, mine func(container.Summary) bool) error {
	api, err := r.connect()
	if err != nil {
		return err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	var deadline, refused time.Time // once all have been told to go; since the engine refuses
	for settled := false; ; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		found, err := r.containers(watched, api, label, true)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(c container.Summary) bool { return !mine(c) })
		switch {
		case len(found) == 0 && settled:
			return nil
		case len(found) == 0:
			settled = true
			time.Sleep(settling)
			continue
		case !deadline.IsZero() && time.Now().After(deadline):
			return fmt.Errorf("container %s is still there after %v", describe(found[0]), goneWithin)
		}
		switch err := r.removeAll(ctx, watched, api, found); {
		case err == nil:
			refused = time.Time{}
			if settled = true; deadline.IsZero() {
				deadline = time.Now().Add(goneWithin)
			}
			continue
		case errors.Is(err, ErrEngine) || ctx.Err() != nil:
			return err
		case refused.IsZero():
			// An engine refuses for a moment what it removes a moment later: a container that ends by itself
			// meanwhile, a file system still in use, its own start. What is left is asked for again.
			refused = time.Now()
		case time.Since(refused) > r.patience:
			return err
		}
		time.Sleep(again)
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
			return r.call(watched, "looking at node "+c.Labels[LabelNode], func(ctx context.Context) error {
				found, err := api.ContainerInspect(ctx, c.ID)
				if err == nil && found.State.Running {
					err = signalContainer(found.State.Pid, c.ID, kill)
				}
				return err
			})
		})
	}
	_ = group.Wait() // the engine is asked in any case
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
