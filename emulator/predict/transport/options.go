package transport

import (
	"errors"
	"fmt"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Options are the model's parameters. Start from DefaultOptions; those marked "0: default" are filled by New.
type Options struct {
	// Header is the size of a message's HTTP header, in bytes, for every message in either direction: a
	// request, a response, the GET before a state and the answer after a PUT.
	Header units.ByteSize
	// PerMessage is added to every message that crosses the network: what two network stacks, two HTTP
	// implementations and their wake-ups take beside the packets' way.
	PerMessage time.Duration
	// HostRate is how fast hosts copy a message's bytes while nothing else advances; 0: at once.
	HostRate units.BitRate
	// CopyRate is how fast a node copies a state that stays within it; 0: at once.
	CopyRate units.BitRate
	// Overhead is added to every invocation, as processing: what the FaaS takes beside the function.
	Overhead time.Duration

	// MSS is the payload of a full segment, in bytes, where no link on the way has a lower MTU than Ethernet's; 0: default
	// 1448 (1500 less IP, TCP and timestamps). FrameOverhead is what a frame has beside it, also the size of an ACK's; 0:
	// default 66.
	MSS, FrameOverhead int

	InitialWindow int           // segments; 0: default 10 (RFC 6928)
	AckEvery      int           // the receiver acknowledges every so many segments; 0: default 2
	DelayedAck    time.Duration // and what is left over after so long; 0: default 40 ms
	QuickAcks     int           // segments acknowledged at once on a fresh connection; 0: default 16, negative: none
	// ReceiveWindow fixes the receiver's window. 0: it begins with 64 KiB and grows as Linux's dynamic
	// right-sizing lets it, up to MaxReceiveWindow (0: default 3 MiB, half of Linux's tcp_rmem).
	ReceiveWindow    units.ByteSize
	MaxReceiveWindow units.ByteSize
	// IdleRestart shrinks the window after a connection was idle for a retransmission timeout
	// (Linux: tcp_slow_start_after_idle).
	IdleRestart bool
	// Fresh begins each plan with connections that none has used.
	Fresh bool
	// Connections are opened beforehand between two nodes; a message that finds all of them in use opens another. 0: as
	// many as are used at a time; negative: none.
	Connections int
	// Bursts is the lowest rate, in bit/s, at which links leave together what a sender hands over at once, so that its
	// receiver gets it at once, and acknowledges it as one; 0: none does.
	Bursts units.BitRate
	// Arrivals say when chains begin.
	Arrivals predict.Arrivals
	// Compute says what a node's speed is divided by.
	Compute predict.Compute
	// Moves are those of stateful instances, in the order of time.
	Moves []predict.Move
	// Rewirings are those of the network, in the order of time.
	Rewirings []predict.Rewiring
	// Rebalance moves them as well; nil: nothing does.
	Rebalance *predict.Rebalance
	// Outages are those of hosts, in the order of time.
	Outages []predict.Outage
	// Starts are those of programs that stand by where stateful instances go.
	Starts predict.Starts
	// Moving is told of each instance that begins to move in a replay, as it is seen then; nil: nobody is.
	Moving func(plan.Model, *predict.Seen, *predict.Move)
	// NoHyStart lets slow start end with the first overflow only (Linux: tcp_cubic's hystart=0).
	NoHyStart bool
	// Load is the number of tasks placed on each node, the divisor of its speed, for plans without
	// invocations (which carry it); nodes that are not in it count as 1.
	Load map[topology.ID]int
	// Queues are the byte limits of the queues; nil: those of Topology.QueueLimits.
	Queues map[topology.Channel]units.ByteSize
	// EveryPacket calculates all packets of long transfers one by one (see collapse.go).
	EveryPacket bool
}

// Of a full segment over IPv4; IPv6's header is longer.
const (
	defaultMSS           = 1448
	defaultFrameOverhead = 66
	longerHeader         = 20
)

// DefaultOptions are Linux's of 2023 over Ethernet, HTTP headers of 250 bytes, and hosts that take no time.
func DefaultOptions() Options { return Options{Header: 250} }

// etherHeader is what of a frame is none of IP's.
const etherHeader = 14

// segment is the payload of a full one on a way of which mtu is the least.
func (o *Options) segment(mtu int) int64 {
	if mtu >= topology.MaximumMTU {
		return int64(o.MSS)
	}
	return int64(max(1, min(o.MSS, mtu-(o.FrameOverhead-etherHeader))))
}

const initialReceiveWindow = 64 * units.KiB

// fill puts the defaults in and reports values out of range.
func (o *Options) fill() error {
	set := func(v *int, value int) {
		if *v == 0 {
			*v = value
		}
	}
	set(&o.MSS, defaultMSS)
	set(&o.FrameOverhead, defaultFrameOverhead)
	set(&o.InitialWindow, 10)
	set(&o.AckEvery, 2)
	set(&o.QuickAcks, 16)
	if o.DelayedAck == 0 {
		o.DelayedAck = 40 * time.Millisecond
	}
	if o.MaxReceiveWindow == 0 {
		o.MaxReceiveWindow = 3 * units.MiB
	}
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("transport model: "+format, args...))
		}
	}
	check(o.Header >= 0 && o.Header <= units.MiB, "a header of %v: it must be between 0 and 1 MiB", o.Header)
	check(o.PerMessage >= 0 && o.Overhead >= 0 && o.PerMessage < time.Hour && o.Overhead < time.Hour,
		"the times per message and invocation must be between 0 and 1 h")
	check(o.HostRate >= 0 && o.CopyRate >= 0, "the hosts' rates must not be negative")
	check(o.MSS > 0 && o.MSS <= 65535, "a segment of %d bytes: it must be between 1 and 65535", o.MSS)
	check(o.FrameOverhead > 0 && o.FrameOverhead <= 1000,
		"%d bytes a frame: they must be between 1 and 1000", o.FrameOverhead)
	check(o.InitialWindow > 0 && o.InitialWindow <= 1<<20,
		"an initial window of %d segments: it must be between 1 and 2^20", o.InitialWindow)
	check(o.AckEvery > 0, "an ACK every %d segments: it must be at least 1", o.AckEvery)
	check(o.DelayedAck > 0 && o.DelayedAck < time.Hour, "ACKs delayed by %v: it must be between 0 and 1 h", o.DelayedAck)
	check(o.ReceiveWindow >= 0 && o.MaxReceiveWindow > 0, "the receive window must not be negative")
	return errors.Join(errs...)
}
