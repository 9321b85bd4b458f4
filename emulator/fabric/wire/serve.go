package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"testbed/emulator/internal/runkey"
	"testbed/emulator/internal/strangers"
)

// maxStrangers is how many connections may not have shaken hands yet, and maxEach how many of them from one address.
const (
	maxStrangers = 64
	maxEach      = 16
)

// server answers the other machines.
type server struct {
	*Mesh
	tls *tls.Config

	strangers *strangers.Door
	mutex     sync.Mutex
	open      map[net.Conn]bool
	reading   []net.Conn // by machine: the connection that its packets come over
	told      time.Time  // when a stranger was last told of
}

func newServer(m *Mesh) (*server, error) {
	config, err := m.config.Key.TLS(m.config.Names[m.config.Self], "")
	if err != nil {
		return nil, err
	}
	return &server{Mesh: m, tls: config, strangers: strangers.New(maxStrangers, maxEach), open: map[net.Conn]bool{},
		reading: make([]net.Conn, len(m.peers))}, nil
}

// run accepts connections until the listener is closed.
func (s *server) run() {
	stop := context.AfterFunc(s.ctx, s.hangUp)
	defer stop()
	for {
		conn, err := s.config.Listener.Accept()
		if err != nil {
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(firstWait) // for want of descriptors, or memory
			continue
		}
		address := addressOf(conn)
		if !s.enter(conn) {
			_ = conn.Close()
			continue
		}
		s.all.Go(func() { s.serve(conn, address) })
	}
}

func addressOf(conn net.Conn) string {
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	return host
}

// enter counts a connection among the strangers, unless there are too many or the mesh is closed.
func (s *server) enter(conn net.Conn) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.ctx.Err() != nil || !s.strangers.Enter(conn.RemoteAddr()) {
		return false
	}
	s.open[conn] = true
	return true
}

// hangUp closes all connections.
func (s *server) hangUp() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for conn := range s.open {
		_ = conn.Close()
	}
}

// serve shakes hands with who has dialled, and does what the connection is for.
func (s *server) serve(conn net.Conn, address string) {
	defer func() {
		_ = conn.Close()
		s.mutex.Lock()
		delete(s.open, conn)
		s.mutex.Unlock()
	}()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(keepAlive)
	}
	secure := tls.Server(conn, s.tls)
	from, said, err := s.welcome(secure)
	s.strangers.Leave(conn.RemoteAddr())
	if err == nil {
		_ = conn.SetDeadline(time.Time{})
		if said.purpose == forPackets {
			err = s.packets(secure, from, said.session)
		} else {
			err = s.probes(secure, from)
		}
	}
	if err != nil && s.ctx.Err() == nil && !errors.Is(err, io.EOF) && (from >= 0 || s.rarely()) {
		s.config.Log("from %s: %v", address, err)
	}
}

// rarely says, once a minute, that a stranger may be told of: what anybody can have written fills no disk.
func (s *server) rarely() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if time.Since(s.told) < time.Minute {
		return false
	}
	s.told = time.Now()
	return true
}

// welcome is the handshake. It says which machine has dialled, and for what.
func (s *server) welcome(conn *tls.Conn) (from int, said hello, err error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if err := conn.HandshakeContext(s.ctx); err != nil {
		return -1, said, err
	}
	name := runkey.Peer(conn.ConnectionState())
	from = slices.Index(s.config.Names, name)
	if from < 0 || from == s.config.Self {
		return -1, said, fmt.Errorf("%.40q: %w", name, runkey.ErrStranger)
	}
	said, err = readHello(conn)
	return from, said, err
}

// packets reads what a machine sends. A new connection takes the place of the one before, which is read to no end: what
// was under way in it is lost, and its sender counts it. Until something comes over the new one, the one before is what
// the other machine is told of: it may never have heard the welcome.
func (s *server) packets(conn *tls.Conn, from int, session uint64) error {
	p := s.peers[from]
	s.mutex.Lock()
	if old := s.reading[from]; old != nil {
		_ = old.Close()
	}
	s.reading[from] = conn.NetConn()
	s.mutex.Unlock()
	p.underway.Lock()
	defer p.underway.Unlock()
	if _, err := conn.Write(p.in.read().bytes()); err != nil {
		return err
	}
	return p.in.readFrom(conn, session, s.ring)
}

// probes answers with this machine's clock.
func (s *server) probes(conn *tls.Conn, from int) error {
	p := s.peers[from]
	if _, err := conn.Write(progress{}.bytes()); err != nil {
		return err
	}
	var question [probeLen]byte
	for {
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(conn, question[:]); err != nil {
			return err
		}
		a := answer{received: s.config.Now(), progress: p.in.read()}
		a.answered = s.config.Now()
		if _, err := conn.Write(a.bytes()); err != nil {
			return err
		}
	}
}
