package swarm

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"testbed/emulator/internal/strangers"
	"testbed/emulator/machines/carrier/swarm/relay"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

const (
	// handshake bounds what somebody may take who connects, until it has said who it is; mostPending is how many may be
	// doing so at a time, and mostEach how many of them from one address. Others are turned away: a relay tries again.
	handshake   = 10 * time.Second
	mostPending = 128
	mostEach    = 32
)

// gate takes the relays' connections, and lets nobody else in. Each machine has a key of its own, so that none can take
// the place of another.
type gate struct {
	listener net.Listener
	configs  map[string]*tls.Config // by node of the Swarm
	guests   chan guest
	shut     chan struct{}
	once     sync.Once // for shut
	serving  sync.WaitGroup
	door     *strangers.Door

	mu      sync.Mutex
	pending map[net.Conn]bool // those who have not proved anything yet
}

// guest is a relay that has proved to have the key of its node.
type guest struct {
	net.Conn
	node string
}

// open opens the gate to those who have the key of the node that they say they are on.
func open(listener net.Listener, keys map[string]noderuntime.Secret) (*gate, error) {
	g := &gate{listener: listener, configs: map[string]*tls.Config{}, guests: make(chan guest), shut: make(chan struct{}),
		door: strangers.New(mostPending, mostEach), pending: map[net.Conn]bool{}}
	for node, key := range keys {
		config, err := relay.Controller.Config(key)
		if err != nil {
			return nil, err
		}
		g.configs[node] = config
	}
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
	if g.pending == nil || !g.door.Enter(conn.RemoteAddr()) {
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
	g.door.Leave(conn.RemoteAddr())
	return g.pending != nil
}

// errNobody is the end of a handshake with somebody who names no machine that is awaited.
var errNobody = errors.New("no machine that is awaited")

// receive hands on who has the key of the node that it says it is on; all others are hung up on without a word.
func (g *gate) receive(raw net.Conn) {
	_ = raw.SetDeadline(time.Now().Add(handshake))
	conn := tls.Server(raw, &tls.Config{MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if config := g.configs[hello.ServerName]; config != nil {
				return config, nil
			}
			return nil, errNobody
		}})
	var greeting relay.Greeting
	err := conn.Handshake()
	if err == nil {
		err = control.Receive(conn, &greeting)
	}
	if node := conn.ConnectionState().ServerName; err == nil && greeting.Node != node {
		err = errNobody
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
