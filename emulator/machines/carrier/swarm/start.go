package swarm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/swarm"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// gone makes no error of something that is not there any more.
func gone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// start is one Start under way.
type start struct {
	*Carrier
	launch carrier.Launch
	word   string // names what is made
	image  string
	on     []machines.Machine
	// keys are drawn for each start, and one for each machine, by its ID: who has one is on that machine.
	keys map[string]noderuntime.Secret
}

// undoing bounds the removal of what a failed Start made.
const undoing = time.Minute

// Start makes the services and waits for their relays. It listens for them meanwhile, and no longer.
func (c *Carrier) Start(
	ctx context.Context, launch carrier.Launch, on []machines.Machine,
) (agents []*carrier.Agent, err error) {
	defer func() { err = c.reached(ctx, err) }()
	manager, err := c.managed(ctx)
	if err != nil {
		return nil, err
	}
	s := &start{Carrier: c, launch: launch.Complete(), word: container.Word(), on: on,
		keys: map[string]noderuntime.Secret{}}
	for _, m := range on {
		s.keys[m.ID] = noderuntime.NewSecret()
	}
	if s.image, err = c.image(ctx); err != nil {
		return nil, err
	}
	address := c.options.Listen
	if address == "" {
		address = net.JoinHostPort(manager, "0")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("relays are to find this program at %s: %w: run it on the manager's machine, or give an "+
			"address of this one at which the Swarm's machines reach it", address, err)
	}
	gate, err := open(listener, s.keys)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	defer func() { _ = gate.Close() }()
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoing)
			defer cancel()
			// What this start has made, and no other: the testbed may be there already.
			err = carrier.Left(err, c.remove(clean, filters.NewArgs(filters.Arg("label", container.LabelLaunch+"="+s.word))))
		}
	}()
	services, err := s.create(ctx, listener.Addr().String())
	if err != nil {
		return nil, err
	}
	return s.gather(ctx, gate, services)
}

// create makes the secrets and services, one of each for a machine, and returns the services' IDs.
func (s *start) create(ctx context.Context, address string) (services []string, err error) {
	if err := s.free(ctx); err != nil {
		return nil, err
	}
	for i := range s.on {
		name := fmt.Sprintf("tb-agents-%s-%d", s.word, i)
		if i == 0 && container.Claimed(s.launch.Testbed) {
			name = "tb-agents-" + s.launch.Testbed // the claim to it: a Swarm has one secret and one service of a name
		}
		id, err := s.createOn(ctx, s.on[i], name, address)
		if err != nil {
			return nil, err
		}
		services = append(services, id)
	}
	return services, nil
}

// createOn makes the secret and the service of a machine.
func (s *start) createOn(ctx context.Context, m machines.Machine, name, address string) (service string, err error) {
	labels := map[string]string{container.LabelTestbed: s.launch.Testbed, container.LabelLaunch: s.word,
		container.LabelBy: s.launch.By}
	key := s.keys[m.ID]
	text, err := key.MarshalText()
	if err != nil {
		return "", err
	}
	secret, err := s.options.API.SecretCreate(ctx,
		swarm.SecretSpec{Annotations: swarm.Annotations{Name: name, Labels: labels}, Data: text})
	if errdefs.IsConflict(err) {
		err = fmt.Errorf("%w: %w", carrier.ErrTaken, err)
	}
	if err != nil {
		return "", ofManager("a machine's key as a secret of the Swarm", err)
	}
	made, err := s.options.API.ServiceCreate(ctx, s.service(m, name, secret.ID, labels, address),
		swarm.ServiceCreateOptions{})
	if err != nil {
		return "", ofManager("the service of an agent", err)
	}
	return made.ID, nil
}

// free makes sure that nobody else has a service for this testbed: two controllers cannot have one name.
func (s *start) free(ctx context.Context) error {
	there, err := s.options.API.ServiceList(ctx, swarm.ServiceListOptions{Filters: container.Of(s.launch.Testbed)})
	if err == nil && len(there) > 0 {
		return fmt.Errorf("agents of testbed %s are there already (service %s): %w, or one that was killed, of which `down` "+
			"leaves nothing", s.launch.Testbed, there[0].Spec.Name, carrier.ErrTaken)
	}
	return ofManager("the Swarm's services", err)
}

// service is what the Swarm is asked for: a relay on a machine, with the engine's socket, the machine's key, and
// nothing else. A Swarm gives a secret to those machines alone that have a task with it.
func (s *start) service(
	m machines.Machine, name, secret string, labels map[string]string, address string,
) swarm.ServiceSpec {
	once, one, grace := uint64(0), uint64(1), relay.Leaving
	return swarm.ServiceSpec{
		Annotations: swarm.Annotations{Name: name, Labels: labels},
		Mode:        swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &one}},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: &swarm.ContainerSpec{
				Image: s.image, Command: []string{"/testbed"}, Args: []string{relay.Command, address}, User: "0", ReadOnly: true,
				Labels: labels, Env: []string{relay.NodeEnv + "=" + m.ID}, CapabilityDrop: []string{"ALL"},
				StopGracePeriod: &grace,
				Mounts:          []mount.Mount{{Type: mount.TypeBind, Source: s.options.Socket, Target: container.SocketInside}},
				Secrets: []*swarm.SecretReference{{SecretID: secret, SecretName: name,
					File: &swarm.SecretReferenceFileTarget{Name: "tb-key", UID: "0", GID: "0", Mode: 0o400}}},
			},
			RestartPolicy: &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionNone, MaxAttempts: &once},
			Networks:      []swarm.NetworkAttachmentConfig{{Target: "host"}},
			Placement:     &swarm.Placement{Constraints: []string{"node.id==" + m.ID}},
			LogDriver:     &swarm.Driver{Name: "none"},
		},
	}
}

// spec is what a relay is told to start.
func (s *start) spec() container.Spec {
	return container.Spec{Testbed: s.launch.Testbed, Launch: s.word, By: s.launch.By, Image: s.image,
		Socket:   s.options.Socket,
		Programs: s.launch.Programs, Dirs: s.launch.Dirs, Replace: s.launch.Replace}
}

// refused looks for tasks that will never run, and says why, by machine. undecided is whether others may follow.
func (g *gathering) refused(ctx context.Context, services []string) (failed error, undecided bool, err error) {
	s := g.start
	of := filters.NewArgs()
	for _, id := range services {
		of.Add("service", id)
	}
	tasks, err := s.options.API.TaskList(ctx, swarm.TaskListOptions{Filters: of})
	if err != nil {
		return nil, false, ofManager("the services' tasks", err)
	}
	decided := 0
	var why []error
	for _, t := range tasks {
		at := slices.IndexFunc(s.on, func(m machines.Machine) bool { return m.ID == t.NodeID })
		if at < 0 {
			continue
		}
		switch t.Status.State {
		case swarm.TaskStateRejected, swarm.TaskStateFailed, swarm.TaskStateOrphaned, swarm.TaskStateComplete:
			decided++
			switch {
			case g.agents[at] != nil:
				why = append(why, carrier.On(s.on[at], fmt.Errorf("%w: %w", control.ErrLost, s.reason(t))))
			case !g.under[at]: // else whoever meets it says why, and knows more
				why = append(why, carrier.On(s.on[at], s.reason(t)))
			}
		case swarm.TaskStateRunning:
			decided++
		}
	}
	return errors.Join(why...), decided < len(s.on), nil
}

// bySignal is what the exit status of what was killed is greater than.
const bySignal = 128

// reason is why a task has ended. One that was killed has lost what it did.
func (s *start) reason(t swarm.Task) error {
	if strings.Contains(t.Status.Err, "No such image") {
		return fmt.Errorf("its engine has no image %s, and a Swarm brings none there: load it (`docker save` here, `docker "+
			"load` there), or give an image that a registry has", s.image)
	}
	err := fmt.Errorf("its relay is %s: %s%s", t.Status.State, t.Status.Message, prefixed(": ", t.Status.Err))
	if c := t.Status.ContainerStatus; c != nil && c.ExitCode > bySignal {
		err = fmt.Errorf("%w: %w", control.ErrLost, err)
	}
	return err
}

func prefixed(with, text string) string {
	if text == "" {
		return ""
	}
	return with + text
}
