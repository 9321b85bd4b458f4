package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
)

// defaultStarters is how many containers are created and started at a time. BenchmarkParallel (32 bare
// containers on two busy cores, medians of 3): 1 at a time 9.7 s, 2 7.3, 3 6.6, 4 4.8, 6 4.1, 8 4.3, 16 4.6.
func defaultStarters() int { return min(max(4, 2*runtime.NumCPU()), 16) }

// undoTime bounds the removal of what a failed Start made.
const undoTime = time.Minute

// launch is one Start under way.
type launch struct {
	*Runtime
	api     *client.Client
	calls   context.Context // of calls to the engine; see watch
	id      string          // labels the containers of this launch
	engine  Engine
	images  map[string]image // by Spec.Image
	specs   []noderuntime.Spec
	nodes   []noderuntime.Node
	named   []noderuntime.Node // those that may have been given names
	started chan int           // a spec whose container runs

	mu         sync.Mutex
	containers map[string]int // container's ID to its spec
}

// Start creates and starts the containers, and returns when each agent has said that it is ready, and each
// node without one runs. It fails with the end of a node's output where one ends before, with the names of
// those that are missing where none becomes ready for 30 s, and within 10 s where the engine stops
// answering.
func (r *Runtime) Start(
	ctx context.Context, specs []noderuntime.Spec, progress func(int),
) (nodes []noderuntime.Node, err error) {
	if len(specs) == 0 {
		return nil, nil
	}
	if specs, err = checkSpecs(specs); err != nil {
		return nil, err
	}
	api, err := r.connect()
	if err != nil {
		return nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	l := &launch{
		Runtime:    r,
		api:        api,
		calls:      watched,
		id:         newLaunch().String(),
		images:     map[string]image{},
		specs:      specs,
		nodes:      make([]noderuntime.Node, len(specs)),
		started:    make(chan int, len(specs)),
		containers: map[string]int{},
	}
	defer func() {
		l.removeReadyFiles()
		if err != nil && l.engine.ID != "" { // an engine that has not said what it is was asked for nothing
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
			defer cancel()
			err = errors.Join(err, r.removeWhere(clean, labelLaunch+"="+l.id, l.made),
				noderuntime.RemoveNamesOf(r.names, l.named))
		}
	}()
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	if err := l.run(ctx, progress); err != nil {
		return nil, err
	}
	l.named = l.nodes
	if err := noderuntime.AddNames(r.names, l.nodes); err != nil {
		return nil, err
	}
	return l.nodes, nil
}

// prepare learns about the engine and sees to the images.
func (l *launch) prepare(ctx context.Context) (err error) {
	if l.engine, err = l.EngineVersion(ctx); err != nil {
		return err
	}
	l.removeReadyFiles()
	for _, s := range l.specs {
		if _, known := l.images[s.Image]; known {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		var i image
		if s.Image != "" {
			i, err = l.userImage(l.calls, l.api, s.Image, l.shared(s.Image))
		} else {
			i.name, err = l.ensureImage(l.calls, l.api)
		}
		if agents := l.agentsOn(s.Image); err == nil && len(agents) > 0 {
			err = l.checkFree(agents[0], i)
		}
		if err != nil {
			return err
		}
		l.images[s.Image] = i
	}
	return nil
}

// agentsOn lists the nodes that run an agent in an image of the user's own.
func (l *launch) agentsOn(image string) (some []noderuntime.Spec) {
	for _, s := range l.specs {
		if image != "" && s.Image == image && len(s.Args) > 0 {
			some = append(some, s)
		}
	}
	return some
}

// shared lists the directories that the host shares with the nodes that run an image.
func (l *launch) shared(image string) (dirs []string) {
	for _, s := range l.agentsOn(image) {
		dirs = append(dirs, s.Dir)
	}
	return dirs
}

// run makes the containers and waits for the nodes. It returns when no call is under way any more.
func (l *launch) run(ctx context.Context, progress func(int)) error {
	events := l.listen()
	group, work := errgroup.WithContext(ctx)
	group.Go(func() error { return l.await(work, events, progress) })
	next := make(chan int, len(l.specs))
	for i := range l.specs {
		next <- i
	}
	close(next)
	for range l.parallel {
		group.Go(func() error {
			for i := range next {
				if err := context.Cause(work); err != nil {
					return err
				}
				if err := l.startOne(i); err != nil {
					return err
				}
				l.started <- i
			}
			return nil
		})
	}
	err := group.Wait()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause // what it was called off for
	}
	return err
}

// startOne makes and starts a node's container and finds its first process.
func (l *launch) startOne(i int) error {
	s := l.specs[i]
	id, err := l.create(s)
	if errdefs.IsNotFound(err) && s.Image == "" { // somebody pruned the image in between
		if _, err = l.ensureImage(l.calls, l.api); err == nil {
			id, err = l.create(s)
		}
	}
	if errdefs.IsConflict(err) {
		return l.taken(s, err)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.containers[id] = i
	l.mu.Unlock()
	err = l.call(l.calls, "starting node "+s.Node, func(ctx context.Context) error {
		return l.api.ContainerStart(ctx, id, container.StartOptions{})
	})
	if err != nil {
		return err
	}
	return l.call(l.calls, "finding node "+s.Node, func(ctx context.Context) error {
		pid, known, err := l.first(ctx, l.api, id)
		switch {
		case errors.Is(err, errStranger):
			return elsewhere(l.engine.Host, err)
		case err != nil:
			return err
		case pid == 0:
			return l.ended(i, id, l.exitStatus(ctx, id))
		}
		l.nodes[i] = nodeOf(s.Testbed, s.Node, id, pid, known)
		return nil
	})
}

// exitStatus is that of a container that has ended.
func (l *launch) exitStatus(ctx context.Context, id string) string {
	c, err := l.api.ContainerInspect(ctx, id)
	if err != nil {
		return "it was removed"
	}
	return fmt.Sprintf("status %d", c.State.ExitCode)
}

// made tells the containers that this launch made: those whose IDs the engine told, and by their signatures
// those that it made without that its answer came.
func (l *launch) made(c container.Summary) bool {
	l.mu.Lock()
	_, known := l.containers[c.ID]
	l.mu.Unlock()
	return known || secretsOf(l.signers).prove(c)
}

// signers are the secrets of the specs.
func (l *launch) signers(testbed, run string) (some []noderuntime.Secret) {
	for _, s := range l.specs {
		if s.Testbed == testbed && s.Run == run && !slices.Contains(some, s.Secret) {
			some = append(some, s.Secret)
		}
	}
	return some
}

func (l *launch) create(s noderuntime.Spec) (id string, err error) {
	image := l.images[s.Image]
	config, host := configure(s, image, l.engine, l.id)
	if s.Image != "" && len(s.Args) > 0 {
		if s.Without {
			image.command = nil
		}
		withAgent(config, host, l.program.Path(), image)
	}
	err = l.call(l.calls, "creating node "+s.Node, func(ctx context.Context) error {
		made, err := l.api.ContainerCreate(ctx, config, host, nil, nil, containerName(s.Testbed, s.Node))
		id = made.ID
		return err
	})
	return id, err
}

// ended says that a node ended and what it had printed.
func (l *launch) ended(i int, id, how string) error {
	said, err := l.tail(l.calls, l.api, id)
	if err != nil {
		said = "its output cannot be had: " + err.Error()
	}
	return fmt.Errorf("node %s ended (%s) before it was ready: %s", l.specs[i].Node, how, said)
}

func (l *launch) removeReadyFiles() {
	for _, s := range l.specs {
		if len(s.Args) > 0 {
			_ = os.Remove(readyFile(s)) // mostly there is none
		}
	}
}
