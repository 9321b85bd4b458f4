// Package across measures between network namespaces of several machines, through the machines' agents: round trips
// where they begin, and rates with the sink on one machine and the source on another. Namespaces of this machine are
// measured from here, by the same code.
package across

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/proc"
	"testbed/emulator/machines/control"
	"testbed/emulator/netns"
)

// Service is the agent's service that measures.
const Service = "measure"

// The things that an agent is asked for.
const (
	roundTrips = "rtt"
	aSink      = "sink"
	aSource    = "source"
	aFloodSink = "flood sink"
	aFlood     = "flood"
)

// order begins a stream. Namespaces are the agent's machine's own.
type order struct {
	What       string         `json:"what"`
	NetNS      netns.Ref      `json:"netns"`
	To         netip.AddrPort `json:"to"` // of a sink where it is to listen; without a port but for a source
	Count      int            `json:"count,omitempty"`
	Interval   time.Duration  `json:"interval_ns,omitempty"`
	Warmup     time.Duration  `json:"warmup_ns,omitempty"`
	Duration   time.Duration  `json:"duration_ns,omitempty"`
	Congestion string         `json:"congestion,omitempty"`
	Size       int            `json:"size,omitempty"` // bytes of IP of a flood's packets
	Rate       float64        `json:"rate,omitempty"` // packets/s
}

// What may be ordered at most.
const (
	mostEchoes = 1 << 20
	longest    = 24 * time.Hour
	mostSize   = 1<<16 - 1
)

// check refuses what nobody can have meant.
func (o order) check() error {
	for _, d := range []time.Duration{o.Interval, o.Warmup, o.Duration} {
		if d < 0 || d > longest {
			return fmt.Errorf("%v: want a time of 0 to %v", d, longest)
		}
	}
	if o.Count < 0 || o.Count > mostEchoes {
		return fmt.Errorf("%d echoes: want %d at most", o.Count, mostEchoes)
	}
	if o.Size < 0 || o.Size > mostSize {
		return fmt.Errorf("packets of %d bytes: want %d at most", o.Size, mostSize)
	}
	if !(o.Rate >= 0 && o.Rate*o.Duration.Seconds() <= measure.MostFlooded) {
		return fmt.Errorf("%g packets/s for %v: want %d packets at most", o.Rate, o.Duration, measure.MostFlooded)
	}
	return nil
}

// message is one thing said while an order is carried out: by the agent, but for From and an answer to Ask.
type message struct {
	Times    []time.Duration   `json:"times,omitempty"` // of round trips, some at a time
	Addr     netip.AddrPort    `json:"addr"`            // where a sink listens, or a source sends from
	From     netip.AddrPort    `json:"from"`            // for a sink: the source's address
	Ask      bool              `json:"ask,omitempty"`   // how many segments the source knows to be held back
	Held     uint32            `json:"held,omitempty"`
	Rate     float64           `json:"rate,omitempty"`     // bit/s
	Arrivals []int64           `json:"arrivals,omitempty"` // of a flood's packets, ns of CLOCK_MONOTONIC, some at a time
	Done     bool              `json:"done,omitempty"`     // the last message of the agent's
	Failure  *exchange.Failure `json:"failure,omitempty"`
}

// kinds are the errors that callers tell apart.
var kinds = exchange.Kinds{
	"unsteady":      measure.ErrUnsteady,
	"nothing":       measure.ErrNothing,
	"no IPv6":       measure.ErrNoIPv6,
	"not supported": measure.ErrNotSupported,
	"other":         netns.ErrOther,
	"gone":          proc.ErrGone,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
}

// Prober measures between namespaces, of which some are on machines that At leads to the agents of.
type Prober struct {
	At func(machineID string) control.Opener
}

// RTT is measure.RTT, carried out on the machine that has the namespace.
func (p Prober) RTT(
	ctx context.Context, from netns.Ref, to netip.Addr, count int, interval time.Duration,
) (times []time.Duration, err error) {
	if from.Machine == "" {
		return measure.RTT(ctx, from, to, count, interval)
	}
	o := order{What: roundTrips, To: netip.AddrPortFrom(to, 0), Count: count, Interval: interval}
	t, err := p.order(ctx, from, o)
	if err != nil {
		return nil, err
	}
	defer t.close()
	for {
		m, err := t.receive()
		if len(m.Times) > count-len(times) {
			return nil, t.named(errors.New("its agent tells of more echoes than it was to send"))
		}
		times = append(times, m.Times...)
		if err != nil || m.Done {
			return times, err
		}
	}
}

// Goodput is measure.Goodput, the receiver on its machine and the sender on its own.
func (p Prober) Goodput(ctx context.Context, from, to netns.Ref, addr netip.Addr, warmup, duration time.Duration,
	congestion string) (float64, error) {
	if from.Machine == "" && to.Machine == "" {
		return measure.Goodput(ctx, from, to, addr, warmup, duration, congestion)
	}
	sink := func(ctx context.Context) (measure.Sink, error) {
		if to.Machine == "" {
			return measure.Listen(ctx, to, addr)
		}
		return p.end(ctx, to, order{What: aSink, To: netip.AddrPortFrom(addr, 0), Warmup: warmup, Duration: duration})
	}
	source := func(ctx context.Context, at netip.AddrPort) (measure.Source, error) {
		if from.Machine == "" {
			return measure.Connect(ctx, from, at, congestion)
		}
		return p.end(ctx, from, order{What: aSource, To: at, Congestion: congestion})
	}
	rate, err := measure.Between(ctx, sink, source, warmup, duration)
	if err != nil {
		err = fmt.Errorf("throughput to %v: %w", addr, err)
	}
	return rate, err
}

// talk is what is said with one agent about one order.
type talk struct {
	machine string
	conn    net.Conn
	ctx     context.Context
	stop    func() bool
}

// order opens a stream, and says on it what is wanted.
func (p Prober) order(ctx context.Context, ns netns.Ref, o order) (*talk, error) {
	machine := ns.Machine
	o.NetNS, o.NetNS.Machine = ns, ""
	if p.At == nil {
		return nil, fmt.Errorf("network namespace %s of machine %s: %w", ns.Path, machine, netns.ErrElsewhere)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	conn, err := p.At(machine).Open(Service)
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", machine, err)
	}
	t := &talk{machine: machine, conn: conn, ctx: ctx}
	t.stop = context.AfterFunc(ctx, func() { _ = conn.Close(); _ = conn.SetDeadline(time.Unix(1, 0)) })
	if err := control.Send(conn, o); err != nil {
		t.close()
		return nil, t.lost(err)
	}
	return t, nil
}

func (t *talk) close() {
	t.stop()
	_ = t.conn.Close()
}

// receive is the next that the agent says; its failure is the error.
func (t *talk) receive() (m message, err error) {
	if err := control.Receive(t.conn, &m); err != nil {
		return message{}, t.lost(err)
	}
	return m, t.named(kinds.Error(m.Failure))
}

func (t *talk) named(err error) error {
	if cause := context.Cause(t.ctx); cause != nil {
		return cause
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("machine %s: %w", t.machine, err)
}

// lost is the error of a stream that ended too early.
func (t *talk) lost(err error) error { return t.named(fmt.Errorf("%w: %w", control.ErrLost, err)) }
