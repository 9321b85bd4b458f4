package userspace

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"time"

	"testbed/emulator/fabric/wire"
	"testbed/emulator/health"
	"testbed/emulator/machines"
)

// listenerFD is the process's listener for other machines, where it was started with one.
const listenerFD = parentFD + 1

// neighbours is what the engine has of other machines. It belongs to the engine's thread, but for the mesh.
type neighbours struct {
	*wire.Mesh
	offset int64 // what CLOCK_MONOTONIC shows, which is on the wire, at 0 of the engine's clock, ns
	skew   skew
	from   []arrivals // by machine
	now    int64      // when Receive was called
	core   *core
}

// instant is one of the engine's clock as it is on the wire.
func (n *neighbours) instant(t int64) int64 {
	if n.skew == (skew{}) {
		return t + n.offset
	}
	return n.skew.from(t + n.offset)
}

// Send is wire.Mesh's, with an instant of the engine's clock.
func (n *neighbours) Send(to int, h wire.Header, data []byte) bool {
	h.Due = n.instant(h.Due)
	return n.Mesh.Send(to, h, data)
}

// takeIn lets the core go on with what has come from other machines.
func (n *neighbours) takeIn(now int64) {
	n.now = now
	n.Receive(n.resume)
}

func (n *neighbours) resume(from int, h wire.Header, data []byte) {
	if n.skew != (skew{}) {
		h.Due = n.skew.to(h.Due)
	}
	h.Due -= n.offset
	n.core.resume(&n.from[from], n.now, &h, data)
}

// join connects the engine with the other machines, once; later it holds that they are the same.
func (s *server) join(p *partRequest) error {
	switch {
	case p == nil && s.part == nil:
		return nil
	case p == nil:
		return errors.New("the network is up on several machines: take it down and bring it up again")
	}
	names := machines.Names(p.Partition.Machines)
	if s.part != nil {
		had := s.part
		if had.Self != p.Self || had.Key != p.Key || !had.reaches(p) ||
			!slices.Equal(machines.Names(had.Partition.Machines), names) {
			return errors.New("the network is up between other machines: take it down and bring it up again")
		}
		s.part = p
		return nil
	}
	if s.table != nil {
		return errors.New("the network is up on one machine: take it down and bring it up again")
	}
	if err := s.inherit(listenerFD); err != nil {
		return err
	}
	e := s.engine
	n := &neighbours{core: e.core, offset: e.clock.offset, skew: skew{p.Shift, p.Drift},
		from: make([]arrivals, len(names))}
	var err error
	n.Mesh, err = wire.New(wire.Config{Self: p.Self, Names: names, Addresses: p.Addresses, Key: p.Key,
		Listener: s.listener, Now: func() int64 { return n.instant(e.clock.now()) }, Ring: e.wake, Log: log.Printf})
	if err != nil {
		return err // the listener stays, for another try: its descriptor is this process's no more
	}
	s.part = p
	e.do(func() { e.neighbours, e.core.over = n, n })
	return nil
}

// inherit takes over the listener that the process was started with, once: later its descriptor is somebody else's.
func (s *server) inherit(fd uintptr) error {
	if s.listener != nil {
		return nil
	}
	file := os.NewFile(fd, "listener")
	listener, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("listener for the other machines: %w", err)
	}
	_ = file.Close()
	s.listener = listener
	return nil
}

// reaches says whether the other machines are reached at the same addresses.
func (p *partRequest) reaches(o *partRequest) bool {
	if len(p.Addresses) != len(o.Addresses) {
		return false
	}
	for i := range p.Addresses {
		if i != p.Self && p.Addresses[i] != o.Addresses[i] {
			return false
		}
	}
	return true
}

// crossings is what has gone between this machine and each other one. It runs on the engine's thread.
func (e *engine) crossings() []health.Crossing {
	if e.neighbours == nil {
		return nil
	}
	var all []health.Crossing
	now := e.neighbours.instant(e.clock.now())
	from := slices.Clone(e.neighbours.from)
	if self := e.neighbours.Self(); self < len(from) {
		from = slices.Delete(from, self, self+1)
	}
	for i, s := range e.neighbours.Status() {
		all = append(all, health.Crossing{
			Machine: s.Peer, Connected: s.Connected, Sent: s.Sent, Lost: s.Lost, Received: s.Received,
			Strays: from[i].strays, Late: from[i].late, By: from[i].by, RoundTrip: time.Duration(s.Clock.RoundTrip),
			Ahead: time.Duration(s.Clock.Ahead(now)), Error: time.Duration(s.Clock.Error(now)), Drift: s.Clock.Drift,
		})
	}
	return all
}
