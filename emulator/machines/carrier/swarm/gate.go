package swarm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/noderuntime"
)

const (
	// handshake bounds what somebody may take who connects, until it has said who it is; mostPending is how many may be
	// doing so at a time, others are turned away.
	handshake   = 10 * time.Second
	mostPending = 128
	// starting bounds how long all agents of a Swarm may take, and asking is the time between looks at its tasks.
	starting = 3 * time.Minute
	asking   = 250 * time.Millisecond
)

// gate takes the relays' connections, and lets nobody else in.
type gate struct {
	listener net.Listener
	config   *tls.Config
	guests   chan guest
	shut     chan struct{}
	once     sync.Once // for shut
	serving  sync.WaitGroup

	mu      sync.Mutex
	pending map[net.Conn]bool // those who have not proved anything yet
}

// guest is a relay that has proved to have the key.
type guest struct {
	net.Conn
	node string
}

// open opens the gate to those who have the key.
func open(listener net.Listener, key noderuntime.Secret) (*gate, error) {
	config, err := relay.Controller.Config(key)
	if err != nil {
		return nil, err
	}
	g := &gate{listener: listener, config: config, guests: make(chan guest), shut: make(chan struct{}),
		pending: map[net.Conn]bool{}}
	g.serving.Go(g.accept)
	return g, nil
}

func (g *gate) accept() {
	for {
		conn, err := g.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // such as too many files
			continue
		}
		if !g.enter(conn) {
			conn.Close()
			continue
		}
		g.serving.Go(func() { g.receive(conn) })
	}
}

// enter takes a connection among those that are pending, of which there may be so many.
func (g *gate) enter(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.pending) >= mostPending || g.pending == nil {
		return false
	}
	g.pending[conn] = true
	return true
}

// leave takes it from among them; it says whether the gate is still open.
func (g *gate) leave(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pending, conn)
	return g.pending != nil
}

// receive hands on who has the key and says where it is; all others are hung up on without a word.
func (g *gate) receive(raw net.Conn) {
	_ = raw.SetDeadline(time.Now().Add(handshake))
	conn := tls.Server(raw, g.config)
	var greeting relay.Greeting
	err := conn.Handshake()
	if err == nil {
		err = relay.Receive(conn, &greeting)
	}
	if open := g.leave(raw); !open || err != nil {
		raw.Close()
		return
	}
	_ = raw.SetDeadline(time.Time{})
	select {
	case g.guests <- guest{conn, greeting.Node}:
	case <-g.shut:
		raw.Close()
	}
}

// Close shuts the gate. It may be repeated.
func (g *gate) Close() error {
	g.once.Do(func() { close(g.shut) })
	err := g.listener.Close()
	g.mu.Lock()
	for conn := range g.pending {
		conn.Close()
	}
	g.pending = nil
	g.mu.Unlock()
	g.serving.Wait()
	return err
}

// gather takes in the relays of the machines that are wanted, has each start its agent, and returns these in the order
// of the machines.
func (s *start) gather(ctx context.Context, g *gate, service string) (_ []*carrier.Agent, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, starting, fmt.Errorf("agents did not come in %v", starting))
	defer cancel()
	agents := make([]*carrier.Agent, len(s.on))
	type met struct {
		at    int
		agent *carrier.Agent
		err   error
	}
	meetings, under := make(chan met), make([]bool, len(s.on))
	var meeting sync.WaitGroup
	defer func() {
		cancel()
		go func() { meeting.Wait(); close(meetings) }()
		for m := range meetings {
			agents[m.at] = m.agent
		}
		if err != nil {
			err = errors.Join(err, carrier.CloseAll(agents))
		}
	}()
	look := time.NewTicker(asking)
	defer look.Stop()
	for missing := len(s.on); missing > 0; {
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), s.absent(agents))
		case <-look.C:
			if err := s.refused(ctx, service); err != nil {
				return nil, err
			}
		case who := <-g.guests:
			at := slices.IndexFunc(s.on, func(m machines.Machine) bool { return m.ID == who.node })
			if at < 0 || under[at] {
				who.Close()
				continue
			}
			under[at] = true
			meeting.Go(func() {
				agent, err := s.meet(ctx, who.Conn, s.on[at])
				meetings <- met{at, agent, err}
			})
		case m := <-meetings:
			agents[m.at] = m.agent
			if m.err != nil {
				return nil, carrier.On(s.on[m.at], m.err)
			}
			missing--
		}
	}
	return agents, nil
}

// meet has a relay start its agent, and meets that.
func (s *start) meet(ctx context.Context, conn net.Conn, m machines.Machine) (*carrier.Agent, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err := relay.Send(conn, s.spec())
	var answer relay.Answer
	if err == nil {
		err = relay.Receive(conn, &answer)
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	if answer.Failed != "" {
		err = errors.New(answer.Failed)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return carrier.Meet(ctx, conn, m, s.launch, s.options.Digest)
}

// absent names the machines whose agents have not come.
func (s *start) absent(agents []*carrier.Agent) error {
	var failed []error
	for i, a := range agents {
		if a == nil {
			failed = append(failed, carrier.On(s.on[i], errors.New("its agent has not come: can it reach this one?")))
		}
	}
	return errors.Join(failed...)
}
