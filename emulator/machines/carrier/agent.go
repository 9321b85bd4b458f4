package carrier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
)

// HelloService is the agent's service that says who it is.
const HelloService = "hello"

// MostAddresses is how many addresses an agent names of its machine at most, and mostHello how long its hello may be.
const (
	MostAddresses = 256
	mostHello     = 64 << 10
)

// Hello is what an agent says of itself and its machine.
type Hello struct {
	Host      string       `json:"host"`      // the machine's host name
	Program   string       `json:"program"`   // SHA-256 of the agent's executable, which is to be the controller's own
	Addresses []netip.Addr `json:"addresses"` // of the machine, but loopback and link-local ones
}

// Agent is an agent that runs on a machine, and the connection to it: more streams can be opened to its services.
type Agent struct {
	*control.Session
	Machine machines.Machine
	Hello   Hello
	conn    io.Closer
}

// Runtime runs nodes on the agent's machine.
func (a *Agent) Runtime() noderuntime.Made {
	return remote.New("docker", NameOf(a.Machine), a.Session).Made()
}

// Close ends the agent; the nodes that it started go on.
func (a *Agent) Close() error {
	err := a.Session.Close()
	if closed := a.conn.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// CloseAll ends agents.
func CloseAll(agents []*Agent) error {
	failed := make([]error, len(agents))
	var closing sync.WaitGroup
	for i, a := range agents {
		if a != nil {
			closing.Go(func() { failed[i] = On(a.Machine, a.Close()) })
		}
	}
	closing.Wait()
	return errors.Join(failed...)
}

// meeting bounds how long an agent may take to say who it is.
const meeting = time.Minute

// ErrOtherProgram is wrapped by errors about an agent that is not of the controller's build.
var ErrOtherProgram = errors.New("the agent is another build of the program than this one")

// Meet makes an agent of a connection to one, once it has said who it is. program is the SHA-256 that its executable is
// to have; empty: any. Where it fails it closes the connection.
func Meet(
	ctx context.Context, conn io.ReadWriteCloser, m machines.Machine, launch Launch, program string,
) (*Agent, error) {
	session, err := control.Controller(conn, map[string]control.Handler{
		remote.SecretsService: func(stream net.Conn) { remote.ServeSecrets(stream, launch.Secrets) },
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	a := &Agent{Session: session, Machine: m, conn: conn}
	ctx, cancel := context.WithTimeout(ctx, meeting)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = a.greet(program)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, Left(err, a.Close())
	}
	if a.Machine.Name == "" || a.Machine.Name == a.Machine.ID {
		a.Machine.Name = a.Hello.Host
	}
	return a, nil
}

func (a *Agent) greet(program string) error {
	stream, err := a.Open(HelloService)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := json.NewDecoder(io.LimitReader(stream, mostHello)).Decode(&a.Hello); err != nil {
		if cause := a.Cause(); cause != nil {
			return cause
		}
		return fmt.Errorf("%w: %w", control.ErrLost, err)
	}
	if program != "" && a.Hello.Program != program {
		return fmt.Errorf("%w: have this program make the image, or give one that holds it", ErrOtherProgram)
	}
	return nil
}
