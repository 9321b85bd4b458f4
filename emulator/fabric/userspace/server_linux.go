package userspace

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// server holds the engine of one testbed in the fabric process.
type server struct {
	mutex  sync.Mutex
	engine *engine
	table  *table
	homes  map[string]string            // station's name → namespace it is attached in
	tuned  map[string]map[string]string // station's name → its sysctls
	timer  *time.Timer                  // of growLater
}

// serve answers questions on one connection until its end.
func (s *server) serve(conn net.Conn) error {
	from, to := newReceiver(conn), gob.NewEncoder(conn)
	for {
		var q question
		if err := from.receive(&q); err != nil {
			return err
		}
		if err := to.Encode(s.answer(q)); err != nil {
			return err
		}
	}
}

func (s *server) answer(q question) (a answer) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if q.Protocol != protocol {
		return answer{Err: fmt.Sprintf("the fabric's process speaks version %d of its protocol, and was asked in version %d: "+
			"use the testbed that brought this network up, or take it down and bring it up again", protocol, q.Protocol)}
	}
	var err error
	switch q.Op {
	case opApply:
		begin := time.Now()
		var want fabric.Network
		if want, err = fabric.Decode(bytes.NewReader(q.Network)); err == nil {
			err = s.apply(want)
		}
		log.Printf("apply: %d stations in %v: %v", len(want.Stations), time.Since(begin).Round(time.Microsecond), err)
	case opAlter:
		a.Differs, err = s.alter(q.State)
	case opInspect:
		a, err = s.inspect()
	default:
		err = fmt.Errorf("unknown question %q", q.Op)
	}
	if err != nil {
		a.Err = err.Error()
	}
	return a
}

// apply makes the network as wanted.
func (s *server) apply(want fabric.Network) error {
	next, err := newTable(want, s.table)
	if err != nil {
		return err
	}
	grown := make(chan []*topology.Tree, 1)
	go func() { grown <- next.grow() }()
	if s.engine == nil {
		if s.engine, err = newEngine(next); err != nil {
			return err
		}
		go s.engine.run()
		wake := s.wakeUp()
		s.engine.do(func() { s.engine.latency = newLatency(wake) })
	}
	fds, err := s.open(next)
	trees := <-grown
	if err != nil {
		return err
	}
	next.plant(trees)
	s.engine.do(func() { err = s.replace(next, fds) })
	s.table = next
	return err
}

// open makes the devices of stations that have none yet in their present namespace.
func (s *server) open(next *table) (map[*port]int, error) {
	if err := ensureTun(); err != nil {
		return nil, err
	}
	defer station.AllowCongestion(next.network.Stations)()
	raiseFileLimit(len(next.ports))
	fds := make(map[*port]int, len(next.ports))
	var refs []netns.Ref
	var which []int
	homes := map[string]string{}
	living := map[*port]bool{}
	s.engine.do(func() {
		for _, p := range next.ports {
			living[p] = p.fd >= 0
		}
	})
	tuned := map[string]map[string]string{}
	for i, st := range next.network.Stations {
		p := next.ports[i]
		home, err := identity(st.NetNS)
		if err != nil {
			return nil, fmt.Errorf("station %s: %w", p.name, err)
		}
		homes[p.name], tuned[p.name] = home, st.Sysctls
		if living[p] && s.homes[p.name] == home && maps.Equal(s.tuned[p.name], st.Sysctls) {
			continue
		}
		living[p] = living[p] && s.homes[p.name] == home
		refs, which = append(refs, st.NetNS), append(which, i)
	}
	err := netns.Each(refs, func(i int) error {
		p, st := next.ports[which[i]], next.network.Stations[which[i]]
		if living[p] {
			return station.Tune(st)
		}
		fd, err := openStation(st, p.mac)
		if err != nil {
			return fmt.Errorf("station %s: %w", p.name, err)
		}
		fds[p] = fd
		return nil
	})
	if err != nil {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
		return nil, err
	}
	s.homes, s.tuned = homes, tuned
	return fds, nil
}

// replace puts the table and the new devices in force. It runs on the engine's thread.
func (s *server) replace(next *table, fds map[*port]int) error {
	e := s.engine
	for _, p := range e.core.table.ports {
		if _, renewed := fds[p]; renewed || !slices.Contains(next.ports, p) {
			e.detach(p)
		}
	}
	var errs []error
	for p, fd := range fds {
		errs = append(errs, e.attach(p, fd))
	}
	e.core.install(next, e.clock.now())
	return errors.Join(errs...)
}

// identity tells namespaces apart, whatever the path to them. It fails where another one is at the path.
func identity(r netns.Ref) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(r.Path, &st); err != nil {
		return "", fmt.Errorf("network namespace %s: %w", r, err)
	}
	if r.Inode != 0 && st.Ino != r.Inode {
		return "", fmt.Errorf("network namespace %s: %w", r, netns.ErrOther)
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino), nil
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
	e.do(func() { e.woken = woken })
	defer e.do(func() { e.woken = nil })
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
	log.Printf("wake-up of the engine: %v to %v, median %v", time.Duration(took[0]), time.Duration(took[rounds-1]), time.Duration(took[rounds/2]))
	return took[rounds/2]
}

// commit is the byte by which the parent confirms the network.
const commit = 'C'

// serveParent answers the parent's one question and waits for its confirmation. It notices the parent's
// end while the network is being made.
func (s *server) serveParent(conn net.Conn) error {
	defer conn.Close()
	var q question
	if err := newReceiver(conn).receive(&q); err != nil {
		return err
	}
	answered := make(chan error, 1)
	go func() { answered <- gob.NewEncoder(conn).Encode(s.answer(q)) }()
	var b [1]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return err
	}
	if b[0] != commit {
		return fmt.Errorf("confirmed with %q", b[0])
	}
	return <-answered
}
