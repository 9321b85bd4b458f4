// Package relay is the part of a Swarm's carrier that runs on each of its machines, as a task of a service: it dials
// back to the controller, starts the agent by the engine of its machine, as a container of its own, and passes on what
// the two have to say to one another. A task cannot have what an agent needs of its machine (the machine's process
// numbers, no profile for AppArmor), and a relay needs nothing but the engine's socket: no capability, no device.
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/docker/docker/client"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// Command is the first argument that makes the program a relay; the others are the controller's addresses.
const Command = "machine-relay"

// How a task is told what it has to know: its node's ID by a variable, the node's key by a secret, which no other
// machine of the Swarm is given.
const (
	NodeEnv    = "TB_NODE" // the name that the controller knows the key by, too
	SecretFile = "/run/secrets/tb-key"
)

// Greeting is what a relay says first.
type Greeting struct {
	Node string `json:"node"` // ID of the Swarm's node that it is on
}

// Answer is whether it has started the agent; what follows it is the agent's.
type Answer struct {
	Failed      string `json:"failed,omitempty"`
	Unreachable bool   `json:"unreachable,omitempty"` // that is because the machine's engine does not answer
	Taken       bool   `json:"taken,omitempty"`       // that is because there is one already
	Left        bool   `json:"left,omitempty"`        // the agent's container could not be removed
}

// Times.
const (
	dialing   = 20 * time.Second // for a connection, before the next is tried
	patience  = 2 * time.Minute  // for all of them
	starting  = time.Minute      // for the agent
	answering = 15 * time.Second // for an engine that is asked whether it is there
)

// Leaving is how long a relay may take to end once its service is removed: to remove its agent.
const Leaving = time.Minute

// Run is the relay. It ends when either side does.
func Run(ctx context.Context, addresses []string) error {
	key, err := readKey()
	if err != nil {
		return err
	}
	node := os.Getenv(NodeEnv)
	config, err := Dialing(node, key)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, addresses, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := control.Send(conn, Greeting{Node: node}); err != nil {
		return err
	}
	var spec container.Spec
	if err := control.Receive(conn, &spec); err != nil {
		return fmt.Errorf("the controller wants nothing: %w", err)
	}
	agent, silent, err := start(ctx, spec)
	if err != nil {
		return errors.Join(err, control.Send(conn, Answer{Failed: err.Error(), Unreachable: silent,
			Taken: errors.Is(err, carrier.ErrTaken), Left: errors.Is(err, carrier.ErrLeft)}))
	}
	defer func() { _ = agent.Close() }() // the controller removes what is left
	if err := control.Send(conn, Answer{}); err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	ended := make(chan error, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, err := io.Copy(to, from)
		ended <- err
	}
	go pass(agent, conn)
	go pass(conn, agent)
	return <-ended
}

func readKey() (key noderuntime.Secret, err error) {
	text, err := readfile.All(SecretFile, 1<<10)
	if err == nil {
		err = key.UnmarshalText(text)
	}
	if err != nil {
		return key, fmt.Errorf("the node's key: %w", err)
	}
	return key, nil
}

// dial connects to whichever of the controller's addresses can be reached.
func dial(ctx context.Context, addresses []string, config *tls.Config) (*tls.Conn, error) {
	var failed []error
	for deadline := time.Now().Add(patience); ; {
		for _, address := range addresses {
			dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialing}, Config: config}
			conn, err := dialer.DialContext(ctx, "tcp", address)
			if err == nil {
				return conn.(*tls.Conn), nil
			}
			failed = append(failed, err)
		}
		if ctx.Err() != nil || time.Now().After(deadline) || len(addresses) == 0 {
			return nil, fmt.Errorf("the controller cannot be reached: %w", errors.Join(failed...))
		}
		failed = failed[:0]
		time.Sleep(200 * time.Millisecond)
	}
}

// start starts the agent by this machine's engine. silent is whether it failed and the engine does not answer any more.
func start(ctx context.Context, spec container.Spec) (conn *container.Conn, silent bool, err error) {
	api, err := client.NewClientWithOpts(client.WithHost("unix://"+container.SocketInside),
		client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, false, err
	}
	bounded, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	if conn, err = container.Start(bounded, api, spec); err != nil {
		ping, stop := context.WithTimeout(ctx, answering) // not the start's time, which may be over
		defer stop()
		_, unanswered := api.Ping(ping)
		return nil, unanswered != nil && ctx.Err() == nil, err
	}
	return conn, false, nil
}
