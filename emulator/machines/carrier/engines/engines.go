// Package engines brings agents to machines by their Docker engines, one by one: a machine is a context of Docker's, an
// ssh:// address or the socket of an engine, as --machines lists them. Nothing listens anywhere: an agent's standard
// input and output, attached to through its engine, are the control connection, as safe as the way to the engine is.
package engines

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/versions"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/internal/program"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/units"
)

// Name is the carrier's name.
const Name = "engines"

// Options say what agents run.
type Options struct {
	Program program.Program           // this one, which agents run
	Key     func() noderuntime.Secret // signs its image; nil: nobody does
	// Image is a reference to an image that holds the program as /testbed, which the engines have; empty: the image is
	// made of Program and loaded over the way to each engine that lacks it.
	Image string
	// SSH are more arguments for ssh, such as -F and a file, before the host.
	SSH []string
	// Temporary is a directory for sockets that lead to engines by ssh; empty, or too long for a socket's address: the
	// system's.
	Temporary string
	// Digest is what agents' programs are to have, as in carrier.Hello; empty: any.
	Digest string
}

// Carrier brings agents to listed machines.
type Carrier struct {
	options Options
	images  *docker.Runtime // makes the image once for all engines
	list    []machines.Machine

	mu      sync.Mutex
	engines map[string]*engine // by the machine's ID
}

var _ carrier.Carrier = (*Carrier)(nil)

// New returns a carrier for machines as machines.Parse lists them. It talks to none of them yet.
func New(list []machines.Machine, o Options) *Carrier {
	var more []docker.Option
	if o.Key != nil {
		more = append(more, docker.WithKey(o.Key))
	}
	return &Carrier{options: o, images: docker.New(o.Program, more...), list: list, engines: map[string]*engine{}}
}

// Name returns "engines".
func (*Carrier) Name() string { return Name }

// parallel is how many machines are dealt with at a time.
const parallel = 8

// each does something with each machine's engine, several at a time, and returns the errors in the machines' order.
func (c *Carrier) each(ctx context.Context, list []machines.Machine, do func(i int, w way) error) []error {
	failed := make([]error, len(list))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, m := range list {
		group.Go(func() error {
			w, err := c.engine(m).connect(ctx)
			if err == nil {
				err = w.reached(ctx, do(i, w))
			}
			failed[i] = err
			return nil
		})
	}
	_ = group.Wait()
	return failed
}

// engine is the engine of a machine.
func (c *Carrier) engine(m machines.Machine) *engine {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, known := c.engines[m.ID]
	if !known {
		e = &engine{machine: m, ssh: c.options.SSH, temporary: c.options.Temporary}
		c.engines[m.ID] = e
	}
	return e
}

// answering bounds how long one engine may take to answer a question: others are not to wait for it.
const answering = 15 * time.Second

// Machines asks each engine what its machine has.
func (c *Carrier) Machines(ctx context.Context) ([]machines.Machine, []carrier.Unfit, error) {
	asked := make([]machines.Machine, len(c.list))
	failed := c.each(ctx, c.list, func(i int, w way) (err error) {
		one, cancel := context.WithTimeout(ctx, answering)
		defer cancel()
		asked[i], err = w.ask(one, c.list[i])
		return err
	})
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	var fit []machines.Machine
	var unfit []carrier.Unfit
	for i, err := range failed {
		if err != nil {
			unfit = append(unfit, carrier.Unfit{Machine: c.list[i], Why: err.Error()})
		} else {
			fit = append(fit, asked[i])
		}
	}
	return fit, unfit, nil
}

// ask is what an engine says of its machine.
func (w way) ask(ctx context.Context, m machines.Machine) (machines.Machine, error) {
	info, err := w.api.Info(ctx)
	if err != nil {
		return m, unreachable(err)
	}
	w.api.NegotiateAPIVersion(ctx)
	switch {
	case versions.LessThan(w.api.ClientVersion(), docker.MinimumAPI):
		return m, fmt.Errorf("its engine speaks API %s, and %s is needed: install Docker Engine 20.10 or newer there",
			w.api.ClientVersion(), docker.MinimumAPI)
	case info.OSType != "linux":
		return m, fmt.Errorf("its engine runs containers of %s, not of Linux", info.OSType)
	case info.Architecture != architecture():
		return m, fmt.Errorf("it is of the architecture %s, and this program of %s: use the program built for %[1]s on "+
			"machines of that alone", info.Architecture, architecture())
	}
	if info.Name != "" {
		m.Name = info.Name
	}
	if m.Address == "" {
		m.Address = w.address
	}
	m.CPUs, m.Memory = float64(info.NCPU), units.ByteSize(info.MemTotal)
	return m, nil
}

// architecture is this program's as the kernel calls it.
func architecture() string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}
	if name, known := names[runtime.GOARCH]; known {
		return name
	}
	return runtime.GOARCH
}

func unreachable(err error) error { return fmt.Errorf("%w: %w", carrier.ErrUnreachable, err) }

// reached is the error of something that an engine was asked for. Where it does not answer any more that is the reason,
// whatever else is said.
func (w way) reached(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, carrier.ErrUnreachable) || ctx.Err() != nil {
		return err
	}
	ping, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	if _, silent := w.api.Ping(ping); silent != nil && ctx.Err() == nil {
		return unreachable(err)
	}
	return err
}

// Start creates an agent's container at each engine and attaches to it.
func (c *Carrier) Start(
	ctx context.Context, launch carrier.Launch, on []machines.Machine,
) ([]*carrier.Agent, error) {
	launch = launch.Complete()
	agents, id := make([]*carrier.Agent, len(on)), container.Word()
	failed := c.each(ctx, on, func(i int, w way) (err error) {
		agents[i], err = c.start(ctx, w, on[i], launch, id)
		return err
	})
	for i := range failed {
		failed[i] = carrier.On(on[i], failed[i])
	}
	if err := errors.Join(failed...); err != nil {
		return nil, carrier.Left(err, carrier.CloseAll(agents))
	}
	return agents, nil
}

func (c *Carrier) start(
	ctx context.Context, w way, m machines.Machine, launch carrier.Launch, id string,
) (*carrier.Agent, error) {
	image, err := c.image(ctx, w)
	if err != nil {
		return nil, err
	}
	conn, err := container.Start(ctx, w.api, container.Spec{Testbed: launch.Testbed, Launch: id, By: launch.By,
		Image: image, Socket: w.socket, Programs: launch.Programs, Dirs: launch.Dirs, Replace: launch.Replace})
	if err != nil {
		return nil, err
	}
	return carrier.Meet(ctx, conn, m, launch, c.options.Digest)
}

// image is by what an engine knows the agents' image, which it has when this returns.
func (c *Carrier) image(ctx context.Context, w way) (string, error) {
	if c.options.Image == "" {
		return c.images.EnsureImage(ctx, w.api)
	}
	found, err := w.api.ImageInspect(ctx, c.options.Image)
	switch {
	case errdefs.IsNotFound(err):
		return "", fmt.Errorf("its engine has no image %s, and none is fetched: `docker pull` it there, or leave it out, "+
			"so that this program makes and loads one", c.options.Image)
	case err != nil:
		return "", unreachable(err)
	}
	return found.ID, nil
}

// Remove removes a testbed's agents at all engines that can be reached.
func (c *Carrier) Remove(ctx context.Context, testbed string) (left []carrier.Unfit, err error) {
	failed := c.each(ctx, c.list, func(_ int, w way) error {
		ping, cancel := context.WithTimeout(ctx, answering)
		defer cancel()
		if _, err := w.api.Ping(ping); err != nil {
			return unreachable(err)
		}
		return container.Remove(ctx, w.api, testbed)
	})
	var others []error
	for i, err := range failed {
		switch {
		case errors.Is(err, carrier.ErrUnreachable):
			left = append(left, carrier.Unfit{Machine: c.list[i], Why: err.Error()})
		case err != nil:
			others = append(others, carrier.On(c.list[i], err))
		}
	}
	return left, errors.Join(others...)
}

// Close ends the ways to the engines, and with them the agents' connections that go through them.
func (c *Carrier) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed []error
	for id, e := range c.engines {
		failed = append(failed, e.close())
		delete(c.engines, id)
	}
	return errors.Join(failed...)
}
