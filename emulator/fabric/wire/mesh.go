package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"testbed/emulator/fabric/clocks"
	"testbed/emulator/internal/runkey"
)

// Config says who talks to whom.
type Config struct {
	Self      int      // index of this machine
	Names     []string // of all machines, all different
	Addresses []string // host:port at which each can be dialled; that of Self is not used
	Key       runkey.Key
	Listener  net.Listener // at which the others dial this one; the mesh closes it
	Now       func() int64 // this machine's clock, ns; called by several goroutines
	// Ring is called when records have come, once until Receive is called, by whichever goroutine.
	Ring func()
	Log  func(format string, args ...any) // of connections that came and went; nil: none
}

// check fails where a mesh cannot be made.
func (c *Config) check() error {
	if len(c.Names) < 2 || len(c.Names) != len(c.Addresses) || c.Self < 0 || c.Self >= len(c.Names) {
		return fmt.Errorf("machine %d of %d names and %d addresses", c.Self, len(c.Names), len(c.Addresses))
	}
	seen := map[string]bool{}
	for _, name := range c.Names {
		if name == "" || seen[name] {
			return fmt.Errorf("two machines are called %q, or one is not called anything", name)
		}
		seen[name] = true
	}
	if c.Key == (runkey.Key{}) {
		return errors.New("no key")
	}
	if c.Listener == nil || c.Now == nil || c.Ring == nil {
		return errors.New("no listener, clock or bell")
	}
	return nil
}

// Mesh connects one machine with all others. Send, Flush and Receive belong to one thread.
type Mesh struct {
	config Config
	peers  []*peer // by machine; nil: this one
	rung   atomic.Bool
	ctx    context.Context
	end    context.CancelFunc
	all    sync.WaitGroup
	server *server
}

// peer is another machine.
type peer struct {
	name, address string
	out           *outbox
	in            *inbox
	clock         atomic.Pointer[clocks.Estimate]

	acknowledged atomic.Pointer[progress] // by the answer to the last probe
	underway     sync.Mutex               // held by who reads packets from it: one connection at a time
}

// New begins to connect with the others, and to answer them. It fails where the configuration cannot be.
func New(c Config) (*Mesh, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("wire between machines: %w", err)
	}
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	m := &Mesh{config: c}
	m.ctx, m.end = context.WithCancel(context.Background())
	for i, name := range c.Names {
		if i == c.Self {
			m.peers = append(m.peers, nil)
			continue
		}
		p := &peer{name: name, address: c.Addresses[i], out: newOutbox(), in: newInbox()}
		p.clock.Store(new(clocks.Estimate))
		p.acknowledged.Store(new(progress))
		m.peers = append(m.peers, p)
	}
	var err error
	if m.server, err = newServer(m); err != nil {
		return nil, err
	}
	m.all.Go(m.server.run)
	for _, p := range m.peers {
		if p == nil {
			continue
		}
		m.all.Go(func() { m.keep(p, forPackets, p.write) })
		m.all.Go(func() { m.keep(p, forProbes, func(l *link) error { return p.probe(l, c.Now) }) })
	}
	return m, nil
}

// Send hands a packet to a machine. h.Due is of this machine's clock. It does not wait, and copies data. It returns
// false where the packet is lost, which is counted.
func (m *Mesh) Send(to int, h Header, data []byte) bool {
	p := m.peers[to]
	clock := p.clock.Load()
	if clock.Probes == 0 || len(data) > MaxData {
		p.out.lost.Add(1)
		return false
	}
	h.Due += clock.Ahead(h.Due)
	return p.out.put(&h, data)
}

// Flush lets what was sent go.
func (m *Mesh) Flush() {
	for _, p := range m.peers {
		if p != nil {
			p.out.flush()
		}
	}
}

// Receive calls take for every packet that has come, in the order of each machine. data is valid during the call only.
func (m *Mesh) Receive(take func(from int, h Header, data []byte)) {
	m.rung.Store(false)
	for i, p := range m.peers {
		if p == nil {
			continue
		}
		for rest := p.in.take(); len(rest) > 0; {
			h, data, more, ok, err := cutRecord(rest)
			if !ok || err != nil { // readFrom hands on what is complete alone
				break
			}
			take(i, h, data)
			rest = more
		}
	}
}

// ring tells the core that there is something, once.
func (m *Mesh) ring() {
	if !m.rung.Swap(true) {
		m.config.Ring()
	}
}

// Status is what has gone between this machine and another one.
type Status struct {
	Peer      string          // its name
	Connected bool            // packets can be sent there
	Sent      uint64          // packets handed to the wire
	Lost      uint64          // packets that were not, and those that broke with a connection
	Received  uint64          // packets from there
	Clock     clocks.Estimate // of it; the zero value: not known yet
}

// Status tells of each other machine, in the order of the configuration.
func (m *Mesh) Status() []Status {
	var all []Status
	for _, p := range m.peers {
		if p == nil {
			continue
		}
		p.out.mutex.Lock()
		open := p.out.open
		p.out.mutex.Unlock()
		all = append(all, Status{Peer: p.name, Connected: open, Sent: p.out.sent.Load(), Lost: p.out.lost.Load(),
			Received: p.in.total.Load(), Clock: *p.clock.Load()})
	}
	return all
}

// Self is this machine's index.
func (m *Mesh) Self() int { return m.config.Self }

// Close ends all connections, and waits until nothing of the mesh runs.
func (m *Mesh) Close() {
	m.end()
	_ = m.config.Listener.Close()
	for _, p := range m.peers {
		if p != nil {
			p.in.close()
		}
	}
	m.all.Wait()
}
