package wire

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"testbed/emulator/fabric/clocks"
)

const (
	patience  = 5 * time.Second // for a handshake, a write and an answer
	firstWait = 50 * time.Millisecond
	longWait  = 2 * time.Second // between two attempts to connect
	piece     = 64 << 10        // bytes that are encrypted and written at once

	leastProbes = 8 // answered, before a clock counts as known
)

// link is a connection to another machine whose handshake is done.
type link struct {
	*tls.Conn
	session uint64
	welcome progress // how far the other machine was with the session before
	done    <-chan struct{}
	kept    *account
}

// account is what is kept of the packets' connections to a machine, from one to the next.
type account struct {
	session uint64
	handed  uint64 // records written in it
	assumed uint64 // of them, counted as lost when it broke
}

// keep holds a connection of a purpose to a machine, as long as the mesh is open: use works with it until it breaks.
func (m *Mesh) keep(p *peer, purpose byte, use func(*link) error) {
	wait := firstWait
	kept := new(account)
	said := ""
	for m.ctx.Err() == nil {
		l, err := m.dial(p, purpose, kept)
		if err == nil {
			wait, said = firstWait, ""
			m.config.Log("connected with %s (%c)", p.name, purpose)
			stop := context.AfterFunc(m.ctx, func() { _ = l.NetConn().Close() })
			err = use(l)
			stop()
			_ = l.NetConn().Close()
		}
		if m.ctx.Err() != nil {
			return
		}
		if text := err.Error(); text != said {
			m.config.Log("to %s at %s (%c): %v", p.name, p.address, purpose, err)
			said = text
		}
		select {
		case <-m.ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, longWait)
	}
}

// dial connects and shakes hands.
func (m *Mesh) dial(p *peer, purpose byte, kept *account) (*link, error) {
	ctx, cancel := context.WithTimeout(m.ctx, patience)
	defer cancel()
	config, err := m.config.Key.TLS(m.config.Names[m.config.Self], p.name)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	raw, err := dialer.DialContext(ctx, "tcp", p.address) // TCP_NODELAY is Go's default
	if err != nil {
		return nil, err
	}
	l := &link{Conn: tls.Client(raw, config), session: rand.Uint64(), done: m.ctx.Done(), kept: kept}
	if err = l.greet(ctx, purpose); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return l, nil
}

// keepAlive notices a machine that is gone within some seconds.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 3}

// greet says hello and hears how far the other machine is.
func (l *link) greet(ctx context.Context, purpose byte) error {
	if err := l.HandshakeContext(ctx); err != nil {
		return err
	}
	_ = l.SetDeadline(time.Now().Add(patience))
	if _, err := l.Write(hello{purpose, l.session}.bytes()); err != nil {
		return err
	}
	var b [welcomeLen]byte
	if _, err := io.ReadFull(l, b[:]); err != nil {
		return fmt.Errorf("it did not welcome this machine: %w", err)
	}
	l.welcome = progressOf(b[:])
	return l.SetDeadline(time.Time{})
}

// write sends what is put into the outbox, until the connection breaks.
func (p *peer) write(l *link) error {
	p.settle(l)
	p.out.connected(true)
	defer func() {
		p.out.connected(false)
		p.assume(l)
	}()
	ended := make(chan error, 1)
	go func() { // the other machine says nothing here: only the end ends the read
		_, err := l.Read(make([]byte, 1))
		ended <- err
	}()
	var empty []byte
	for {
		select {
		case <-p.out.wake:
		case err := <-ended:
			return fmt.Errorf("the other machine ended the connection: %w", err)
		case <-l.done:
			return errClosed
		}
		full, records := p.out.take(empty)
		l.kept.handed += records
		for at := 0; at < len(full); at += piece {
			_ = l.SetWriteDeadline(time.Now().Add(patience))
			if _, err := l.Write(full[at:min(at+piece, len(full))]); err != nil {
				return err
			}
		}
		empty = full
	}
}

// assume counts what may be lost with a connection that broke, by what the other machine last said of it.
func (p *peer) assume(l *link) {
	read := *p.acknowledged.Load()
	if read.session != l.session {
		read.records = 0
	}
	l.kept.assumed = l.kept.handed - min(read.records, l.kept.handed)
	p.out.lost.Add(l.kept.assumed)
}

// settle corrects that, once the other machine says how many it has read. One that began anew does not know.
func (p *peer) settle(l *link) {
	if l.welcome.session == l.kept.session {
		lost := l.kept.handed - min(l.welcome.records, l.kept.handed)
		p.out.lost.Add(lost - l.kept.assumed) // modulo 2^64: fewer are lost than was assumed
	}
	*l.kept = account{session: l.session}
}

// probe asks the other machine for its clock, time and again.
func (p *peer) probe(l *link, now func() int64) error {
	var known clocks.Estimator
	var question [probeLen]byte
	var b [answerLen]byte
	tick := time.NewTicker(clocks.Interval)
	defer tick.Stop()
	for number := uint64(0); ; number++ {
		binary.BigEndian.PutUint64(question[:], number)
		_ = l.SetDeadline(time.Now().Add(patience))
		sent := now()
		if _, err := l.Write(question[:]); err != nil {
			return err
		}
		if _, err := io.ReadFull(l, b[:]); err != nil {
			return errors.Join(errors.New("a probe was not answered"), err)
		}
		returned := now()
		a := answerOf(b[:])
		e := known.Add(clocks.Probe{Sent: sent, Received: a.received, Answered: a.answered, Returned: returned})
		// Until there are some, what was known before a connection broke is better.
		if e.Probes >= leastProbes {
			p.clock.Store(&e)
		}
		p.acknowledged.Store(&a.progress)
		select {
		case <-tick.C:
		case <-l.done:
			return errClosed
		}
	}
}
