package capture

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/machines/control"
	"testbed/emulator/netns"
)

// Service is the service of a machine's agent that captures at devices there.
const Service = "capture"

// Far are a source of packets of interfaces on another machine, as by Devices there.
type Far struct {
	Agent   control.Opener // of the machine
	Machine string         // its name, for errors
	Devices Devices        // their namespaces' machine is not looked at
	// Clock is the instant of this host's CLOCK_MONOTONIC at which the machine's shows one.
	Clock func(time.Duration) time.Duration
}

// order is what the agent is asked for. After it the controller says nothing but a byte, which ends the capture.
type order struct {
	Devices Devices
	Filter  []bpf.RawInstruction
}

// told is a message of the agent's: packets, and after them until when all were told, or how it ended. Instants are of
// its machine's CLOCK_MONOTONIC, ns.
type told struct {
	Packets exchange.Frames
	Until   int64 // 0: not told
	Lost    []uint64
	Ended   bool
	Failure *exchange.Failure
}

const (
	mostOrdered = 4 * readfile.MiB
	mostTold    = 2 * readfile.MiB // a packet more than a message is to hold, and counters of all devices
	mostFrame   = 256 << 10        // bytes that a packet can have had
	// ending is how long an agent may take to tell of the last packets.
	ending = 10 * time.Second
)

// kinds are the errors that callers tell apart.
var kinds = exchange.Kinds{"other": netns.ErrOther, "canceled": context.Canceled, "deadline": context.DeadlineExceeded}

// Capture implements Source.
func (f Far) Capture(ctx context.Context, filter []bpf.RawInstruction, to Sink) error {
	stream, err := f.Agent.Open(Service)
	if err != nil {
		return f.named(err)
	}
	defer stream.Close()
	o := order{Filter: filter}
	for _, d := range f.Devices {
		d.NetNS.Machine = ""
		o.Devices = append(o.Devices, d)
	}
	if err := gob.NewEncoder(stream).Encode(o); err != nil {
		return f.lost(err)
	}
	defer context.AfterFunc(ctx, func() { // what it has seen until now is still to come
		_ = stream.SetDeadline(time.Now().Add(ending))
		_, _ = stream.Write([]byte{0})
	})()
	from, ahead := exchange.NewReceiver(stream, mostTold), wallAhead()
	wall := func(t int64) time.Time { return time.Unix(0, int64(f.Clock(time.Duration(t)))+ahead) }
	for {
		var t told
		if err := from.Receive(&t); err != nil {
			return f.lost(err)
		}
		for i := range t.Packets {
			p := &t.Packets[i]
			if p.Of < 0 || p.Of >= len(f.Devices) || len(p.Data) < exchange.HeaderBytes || p.Length < len(p.Data) ||
				p.Length > mostFrame || p.Direction > uint8(Outbound) {
				return f.named(fmt.Errorf("its agent tells of a packet of %d bytes at interface %d of %d", p.Length, p.Of,
					len(f.Devices)))
			}
			err := to.Packet(Packet{Interface: p.Of, At: wall(p.At), Direction: Direction(p.Direction), Data: p.Data,
				Length: p.Length})
			if err != nil {
				return err
			}
		}
		if t.Until > 0 {
			if err := to.Told(wall(t.Until), t.Lost[:min(len(t.Lost), len(f.Devices))]); err != nil {
				return err
			}
		}
		if t.Ended {
			return f.named(kinds.Error(t.Failure))
		}
	}
}

func (f Far) lost(err error) error { return f.named(fmt.Errorf("%w: %w", control.ErrLost, err)) }

func (f Far) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("machine %s: %w", f.Machine, err)
}

// Serve captures as ordered over a stream, at devices of this machine. A byte of the controller's ends it, and so does
// the end of the stream, or of ctx.
func Serve(ctx context.Context, stream net.Conn) {
	var o order
	orders := exchange.NewReceiver(stream, mostOrdered)
	if err := orders.Receive(&o); err != nil {
		return
	}
	ctx, cancel := orders.Until(ctx)
	defer cancel()
	// Nobody may read any more: what waits to be sent would keep the capture going.
	defer context.AfterFunc(ctx, func() { _ = stream.SetWriteDeadline(time.Now().Add(ending)) })()
	s := &teller{to: gob.NewEncoder(stream), ahead: wallAhead()}
	err := errNothing
	if len(o.Devices) > 0 {
		err = o.Devices.Capture(ctx, o.Filter, Sink{Packet: s.packet, Told: s.told})
	}
	s.now.Ended, s.now.Failure = true, kinds.Of(err)
	_ = s.send()
}

var errNothing = errors.New("nothing to capture at")

// mostHeld is how many bytes of packets one message has, but for the last of them.
const mostHeld = 256 << 10

// teller collects packets into messages.
type teller struct {
	to    *gob.Encoder
	ahead int64 // by how much the wall clock is ahead of CLOCK_MONOTONIC, ns
	held  int
	now   told
}

func (s *teller) packet(p Packet) error {
	s.now.Packets = append(s.now.Packets, exchange.Frame{Of: p.Interface, At: p.At.UnixNano() - s.ahead,
		Direction: uint8(p.Direction), Length: p.Length, Data: append([]byte(nil), p.Data...)})
	if s.held += len(p.Data) + exchange.Held; s.held < mostHeld {
		return nil
	}
	return s.send()
}

func (s *teller) told(until time.Time, lost []uint64) error {
	s.now.Until, s.now.Lost = until.UnixNano()-s.ahead, lost
	return s.send()
}

func (s *teller) send() error {
	err := s.to.Encode(s.now)
	s.held, s.now = 0, told{Packets: s.now.Packets[:0]}
	return err
}
