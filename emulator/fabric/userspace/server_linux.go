package userspace

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/topology"
)

// server holds the engine of one testbed in the fabric process.
type server struct {
	mutex      sync.Mutex
	engine     *engine
	clock      *clock // the engine's
	table      *table
	unsized    bool             // interfaces may have other MTUs than the table
	namespaces map[*port]string // the namespaces that the ports' devices were made in
	timer      *time.Timer      // of growLater
	depends    bool             // on the parent, for good
	listener   net.Listener     // for other machines, once it is taken over
	part       *partRequest     // nil: all of the network is carried here
}

func newServer() *server { return &server{namespaces: map[*port]string{}} }

// serve handles requests on one connection until its end.
func (s *server) serve(conn net.Conn) error {
	from, to := exchange.NewReceiver(conn, maxMessage), gob.NewEncoder(conn)
	for {
		var q request
		if err := from.Receive(&q); err != nil {
			return err
		}
		if q.Op == opWatch && q.Protocol == protocol {
			return s.serveWatch(conn, to)
		}
		if q.Op == opTap && q.Protocol == protocol {
			return s.serveTap(conn, to, q.Tap)
		}
		if err := to.Encode(s.handle(q)); err != nil {
			return err
		}
	}
}

func (s *server) handle(q request) (a reply) {
	if q.Op != opInspect && q.Op != opHealth {
		s.mutex.Lock()
		defer s.mutex.Unlock()
	}
	if q.Protocol != protocol {
		return reply{Err: fmt.Sprintf("the fabric's process speaks version %d of its protocol, and was asked in "+
			"version %d: use the testbed that brought this network up, or take it down and bring it up again",
			protocol, q.Protocol)}
	}
	var err error
	switch q.Op {
	case opApply:
		begin := time.Now()
		var want fabric.Network
		if want, err = fabric.Decode(bytes.NewReader(q.Network)); err == nil {
			a.Absent, err = s.apply(want, q.Part)
		}
		log.Printf("apply: %d stations, of which %d are absent, in %v: %v", len(want.Stations), len(a.Absent),
			time.Since(begin).Round(time.Microsecond), err)
	case opAlter:
		a.Differs, a.Absent, err = s.alter(q.State, q.Bare)
	case opInspect:
		a, err = s.inspect(q.Bare)
	case opHealth:
		a.Health, err = s.health(q.Since, q.Each)
	default:
		err = fmt.Errorf("unknown question %q", q.Op)
	}
	if err != nil {
		a.Err = err.Error()
	}
	return a
}

// apply makes the network as wanted. absent names the stations whose namespace is not there.
func (s *server) apply(want fabric.Network, part *partRequest) (absent []string, err error) {
	if s.clock == nil {
		c, err := newClock()
		if err != nil {
			return nil, fmt.Errorf("CLOCK_MONOTONIC: %w", err)
		}
		s.clock = &c
	}
	want.Run = s.clock.instant(want.Run)
	next, err := newPart(want, s.table, part)
	if err != nil {
		return nil, err
	}
	computed := make(chan []*topology.Tree, 1)
	go func() { computed <- next.computeTreesAside() }()
	if s.engine == nil {
		if s.engine, err = newEngine(next, *s.clock); err != nil {
			return nil, err
		}
		go s.engine.run()
		wake := s.wakeUp()
		s.engine.do(func() { s.engine.latency = newLatency(wake) })
	}
	if err := s.join(part); err != nil {
		return nil, err
	}
	opened, absent, err := s.reconcile(next)
	trees := <-computed
	if err != nil {
		s.attachKnown(opened)
		return nil, err
	}
	next.adoptTrees(trees)
	s.engine.do(func() {
		s.engine.core.install(next, s.engine.clock.now())
		err = s.attach(opened)
	})
	s.table, s.unsized = next, false
	return absent, err
}

// newPart is newTable, divided where this machine carries a part.
func newPart(want fabric.Network, old *table, part *partRequest) (*table, error) {
	t, err := newTable(want, old)
	if err != nil || part == nil {
		return t, err
	}
	t.structure = t.structure.mix(part)
	return t, t.divide(&part.Partition, part.Self)
}

func raiseFileLimit(stations int) {
	need := uint64(stations + 256)
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) == nil && l.Cur < need {
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: need, Max: max(l.Max, need)})
	}
}

// wakeUp measures how long the engine's thread takes to wake when something comes: the median of some
// wake-ups after short sleeps.
func (s *server) wakeUp() int64 {
	const rounds = 15
	e := s.engine
	woken := make(chan int64, 1)
	e.do(func() { e.wakeTimes = woken })
	defer e.do(func() { e.wakeTimes = nil })
	var took []int64
	for range rounds {
		time.Sleep(200 * time.Microsecond)
		select {
		case <-woken:
		default:
		}
		begin := e.clock.now()
		e.wake()
		took = append(took, <-woken-begin)
	}
	slices.Sort(took)
	log.Printf("wake-up of the engine: %v to %v, median %v", time.Duration(took[0]),
		time.Duration(took[rounds-1]), time.Duration(took[rounds/2]))
	return took[rounds/2]
}

// commit is the byte by which the parent confirms the network.
const commit = 'C'

// serveParent answers the parent's one request and waits for its confirmation. It notices the parent's
// end while the network is being made. The caller closes the connection.
func (s *server) serveParent(conn net.Conn) error {
	var q request
	if err := exchange.NewReceiver(conn, maxMessage).Receive(&q); err != nil {
		return err
	}
	s.depends = q.Depends
	answered := make(chan error, 1)
	go func() { answered <- gob.NewEncoder(conn).Encode(s.handle(q)) }()
	var b [1]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return err
	}
	if b[0] != commit {
		return fmt.Errorf("confirmed with %q", b[0])
	}
	return <-answered
}
