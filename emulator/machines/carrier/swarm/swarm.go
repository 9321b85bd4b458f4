// Package swarm brings agents to the machines of the Swarm that Docker runs, through one of its managers: a service for
// each machine, of one relay, which dials back to the controller over mutual TLS with a key that the Swarm gives to no
// other machine, and starts the agent on its own. Services and secrets are found by their labels and removed in every
// ending; relays end with their services, agents with their relays.
package swarm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"testbed/emulator/internal/program"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/units"
)

// Name is the carrier's name.
const Name = "swarm"

// ErrNoManager is wrapped by errors about an engine that manages no Swarm.
var ErrNoManager = fmt.Errorf("the engine manages no Swarm: %w", noderuntime.ErrNotSupported)

// Options say what agents run and how they find the controller.
type Options struct {
	API     *client.Client            // of the engine of a manager
	Program program.Program           // this one, which agents run
	Key     func() noderuntime.Secret // signs its image; nil: nobody does
	// Image is a reference to an image that holds the program as /testbed, such as a registry's, which every machine
	// gets by itself; empty: the image made of Program, which every machine's engine must have been given.
	Image string
	// Listen is the TCP address at which relays find the controller while agents are started; empty: that of the
	// manager in the Swarm, and any free port.
	Listen string
	// Socket is where engines have their sockets on their machines; empty: where Docker has it.
	Socket string
	Digest string // as in engines.Options
}

// Carrier brings agents to a Swarm's machines.
type Carrier struct{ options Options }

var _ carrier.Carrier = (*Carrier)(nil)

// New returns the carrier of the Swarm that an engine manages.
func New(o Options) *Carrier {
	o.Socket = cmp.Or(o.Socket, container.SocketInside)
	return &Carrier{o}
}

// Name returns "swarm".
func (*Carrier) Name() string { return Name }

// ofManager is the error of something that the manager was asked for; nil: there is none.
func ofManager(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("%s: the manager: %w: %w", what, carrier.ErrUnreachable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// answering bounds how long the manager may take to say that it is there.
const answering = 15 * time.Second

// reached is the error of something that needed the manager. Where that does not answer any more it is the reason,
// whatever else is said.
func (c *Carrier) reached(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, carrier.ErrUnreachable) || ctx.Err() != nil {
		return err
	}
	ping, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	if _, silent := c.options.API.Ping(ping); silent != nil && ctx.Err() == nil {
		return fmt.Errorf("the manager: %w: %w", carrier.ErrUnreachable, err)
	}
	return err
}

// managed makes sure that the engine is a manager, and returns its address in the Swarm.
func (c *Carrier) managed(ctx context.Context) (address string, err error) {
	info, err := c.options.API.Info(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("the manager: %w: %w", carrier.ErrUnreachable, err)
	case info.Swarm.LocalNodeState != swarm.LocalNodeStateActive:
		return "", fmt.Errorf("%w (it is in none: %q): make one with `docker swarm init`, have others join it, or name "+
			"machines by their engines", ErrNoManager, info.Swarm.LocalNodeState)
	case !info.Swarm.ControlAvailable:
		return "", fmt.Errorf("%w: it is a worker of one: take the engine of a manager, such as by DOCKER_HOST, or docker "+
			"node promote %s there", ErrNoManager, info.Swarm.NodeID)
	}
	return info.Swarm.NodeAddr, nil
}

// Machines is the Swarm's inventory: nodes by their IDs, those alone that are ready and take tasks.
func (c *Carrier) Machines(ctx context.Context) (fit []machines.Machine, unfit []carrier.Unfit, err error) {
	if _, err := c.managed(ctx); err != nil {
		return nil, nil, err
	}
	nodes, err := c.options.API.NodeList(ctx, swarm.NodeListOptions{})
	if err != nil {
		return nil, nil, c.reached(ctx, ofManager("the Swarm's nodes", err))
	}
	slices.SortFunc(nodes, func(a, b swarm.Node) int {
		return cmp.Or(cmp.Compare(a.Description.Hostname, b.Description.Hostname), cmp.Compare(a.ID, b.ID))
	})
	for _, n := range nodes {
		m := machineOf(n)
		if why := unfitness(n); why != "" {
			unfit = append(unfit, carrier.Unfit{Machine: m, Why: why})
		} else {
			fit = append(fit, m)
		}
	}
	return fit, unfit, nil
}

func machineOf(n swarm.Node) machines.Machine {
	m := machines.Machine{ID: n.ID, Name: n.Description.Hostname, Address: n.Status.Addr,
		CPUs: float64(n.Description.Resources.NanoCPUs) / 1e9, Memory: units.ByteSize(n.Description.Resources.MemoryBytes)}
	return m
}

// unfitness is why a node cannot carry anything; empty: it can.
func unfitness(n swarm.Node) string {
	switch {
	case n.Status.State != swarm.NodeStateReady:
		return fmt.Sprintf("it is %s: start its engine, or have it leave the Swarm (docker node rm)", n.Status.State)
	case n.Spec.Availability != swarm.NodeAvailabilityActive:
		return fmt.Sprintf("it is to take no tasks (%s): docker node update --availability active", n.Spec.Availability)
	case n.Description.Platform.OS != "" && n.Description.Platform.OS != "linux":
		return "its engine runs containers of " + n.Description.Platform.OS + ", not of Linux"
	}
	return ""
}

// Remove removes a testbed's services, and their secrets once no task uses those any more. Agents end with their
// relays. The Swarm removes these tasks' containers some time after a service, and never where an engine is killed in
// between: those of the manager, which can be asked, are removed here.
func (c *Carrier) Remove(ctx context.Context, testbed string) ([]carrier.Unfit, error) {
	_, err := c.managed(ctx)
	if err == nil {
		err = c.remove(ctx, container.Of(testbed))
		if err == nil {
			err = container.RemoveThose(ctx, c.options.API, testbed, relay.Command, relay.Leaving)
		}
		err = c.reached(ctx, err)
	}
	if errors.Is(err, carrier.ErrUnreachable) {
		return []carrier.Unfit{{Machine: machines.Machine{ID: Name}, Why: err.Error()}}, nil
	}
	return nil, err
}

// remove removes the services and secrets of testbed's that a filter finds.
func (c *Carrier) remove(ctx context.Context, which filters.Args) error {
	api := c.options.API
	services, err := api.ServiceList(ctx, swarm.ServiceListOptions{Filters: which})
	if err != nil {
		return ofManager("the Swarm's services", err)
	}
	var failed []error
	for _, s := range services {
		if err := gone(api.ServiceRemove(ctx, s.ID)); err != nil {
			failed = append(failed, ofManager("the service "+s.Spec.Name, err))
		}
	}
	secrets, err := api.SecretList(ctx, swarm.SecretListOptions{Filters: which})
	failed = append(failed, ofManager("the Swarm's secrets", err))
	for _, s := range secrets {
		if err := c.removeSecret(ctx, s.ID); err != nil {
			failed = append(failed, ofManager("the secret "+s.Spec.Name, err))
		}
	}
	return errors.Join(failed...)
}

// removing bounds how long the Swarm may take to notice that a secret is not used any more.
const removing = 30 * time.Second

func (c *Carrier) removeSecret(ctx context.Context, id string) error {
	for deadline := time.Now().Add(removing); ; {
		err := gone(c.options.API.SecretRemove(ctx, id))
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Close has nothing to give up: the client is its owner's.
func (*Carrier) Close() error { return nil }

// image is by what the Swarm's machines know the agents' image. Where it is one that this program makes, the manager
// is given it; no call of a Swarm gives it to others.
func (c *Carrier) image(ctx context.Context) (string, error) {
	if c.options.Image != "" {
		return c.options.Image, nil
	}
	return c.maker().EnsureImage(ctx, c.options.API)
}

func (c *Carrier) maker() *docker.Runtime {
	if c.options.Key == nil {
		return docker.New(c.options.Program)
	}
	return docker.New(c.options.Program, docker.WithKey(c.options.Key))
}
