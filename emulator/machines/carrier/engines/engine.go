package engines

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/docker/docker/client"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier/container"
	"testbed/emulator/noderuntime/docker"
)

// engine is the Docker engine of one machine, and the way to it.
type engine struct {
	machine   machines.Machine
	ssh       []string // more arguments for ssh
	temporary string   // as in Options

	mu sync.Mutex
	way
	tunnel *tunnel
}

// way is how an engine is reached.
type way struct {
	api     *client.Client
	socket  string // of the engine, on its machine
	address string // of the machine; empty: not known
}

// connect makes the way to the engine, unless it is there. A tunnel that has ended is made anew.
func (e *engine) connect(ctx context.Context) (way, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.api != nil && e.tunnel.alive() {
		return e.way, nil
	}
	if err := e.drop(); err != nil {
		return way{}, err
	}
	err := e.make(ctx)
	return e.way, err
}

func (e *engine) make(ctx context.Context) (err error) {
	e.socket = container.SocketInside // where an engine mostly has it, as far as its machine is concerned
	switch address := e.machine.ID; {
	case strings.HasPrefix(address, "unix://"):
		e.socket = strings.TrimPrefix(address, "unix://")
		return e.dial(address)
	case strings.HasPrefix(address, "ssh://"):
		return e.through(ctx, address)
	}
	api, address, err := docker.ContextClient(e.machine.ID)
	switch {
	case err != nil:
		return err
	case api == nil:
		return e.through(ctx, address)
	}
	e.api = api
	if path, local := strings.CutPrefix(address, "unix://"); local {
		e.socket = path
	} else if u, err := url.Parse(address); err == nil {
		e.address = u.Hostname()
	}
	return nil
}

// dial makes the client for a socket.
func (e *engine) dial(host string) (err error) {
	e.api, err = client.NewClientWithOpts(client.WithHost(host), client.WithAPIVersionNegotiation())
	return err
}

// through makes the way by ssh.
func (e *engine) through(ctx context.Context, address string) (err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return fmt.Errorf("%q is no address of ssh", address)
	}
	if u.Path != "" && u.Path != "/" {
		e.socket = u.Path
	}
	if e.tunnel, err = dig(ctx, u, e.socket, e.temporary, e.ssh); err != nil {
		return unreachable(err)
	}
	e.address = u.Hostname()
	return e.dial("unix://" + e.tunnel.path)
}

// drop gives up what there is of a way.
func (e *engine) drop() error {
	var failed []error
	if e.api != nil {
		failed = append(failed, e.api.Close())
	}
	if e.tunnel != nil {
		failed = append(failed, e.tunnel.close())
	}
	e.way, e.tunnel = way{}, nil
	return errors.Join(failed...)
}

func (e *engine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.drop()
}
