// Package measure takes a network's round-trip time and throughput from inside network namespaces, with
// sockets opened there, so that no program is needed in them.
package measure

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// ErrNotSupported is returned where the operating system has no network namespaces.
var ErrNotSupported = errors.New("measuring inside network namespaces needs Linux")

// ErrNoIPv6 is wrapped where the kernel has none.
var ErrNoIPv6 = errors.New("the kernel has no IPv6")

// HeaderShare is what of a link's rate is left to a TCP program: 1448 bytes of each 1514 byte frame, with
// the IPv4, TCP and timestamp headers of an MTU of 1500 and the Ethernet header taken off.
const HeaderShare = 1448.0 / 1514.0

// Sink is where the data of one connection goes, which it counts.
type Sink interface {
	// Addr is where it listens.
	Addr() netip.AddrPort
	// Receive takes the connection that comes from a source's address, and returns the rate in bit/s. held is called
	// at each look at the connection, and says how many segments the source knows to be held back by the receiver.
	Receive(ctx context.Context, from netip.AddrPort, warmup, duration time.Duration,
		held func() (uint32, error)) (float64, error)
	Close() error
}

// Source sends over one connection as fast as it goes, until it is closed.
type Source interface {
	Addr() netip.AddrPort
	// Held is how many segments it knows to be held back by the receiver, behind one that is missing.
	Held() (uint32, error)
	Close() error
}

// Between measures from a source to a sink, wherever they are: see Goodput. Between two looks at the connection it is
// known of the source what it knew at some time after the former and before the latter.
func Between(ctx context.Context, listen func(context.Context) (Sink, error),
	connect func(context.Context, netip.AddrPort) (Source, error), warmup, duration time.Duration,
) (bitsPerSecond float64, err error) {
	to, err := listen(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = to.Close() }()
	from, err := connect(ctx, to.Addr())
	if err != nil {
		return 0, err
	}
	defer func() { _ = from.Close() }()
	return to.Receive(ctx, from.Addr(), warmup, duration, from.Held)
}

// MostFlooded is how many packets a FloodSink takes at most.
const MostFlooded = 1 << 22

// FloodSink notes when the packets of a flood come.
type FloodSink interface {
	Addr() netip.AddrPort
	// Receive returns when packets came, in ns of its host's CLOCK_MONOTONIC, ascending, once over is closed and what was
	// under way has come.
	Receive(over <-chan struct{}) ([]int64, error)
	Close() error
}

// FloodBetween has a flood sent to a sink, wherever they are: see Flood. send returns when all is sent.
func FloodBetween(listen func() (FloodSink, error), send func(to netip.AddrPort) error) (arrivals []int64, err error) {
	sink, err := listen()
	if err != nil {
		return nil, err
	}
	defer func() { _ = sink.Close() }()
	received := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		var err error
		arrivals, err = sink.Receive(over)
		received <- err
	}()
	err = send(sink.Addr())
	close(over)
	if err = errors.Join(err, <-received); err != nil {
		return nil, err
	}
	return arrivals, nil
}

// FloodPayload is what a packet of Flood of so many bytes carries beside the headers of UDP and of IPv4, or of IPv6.
func FloodPayload(size int, six bool) int {
	if six {
		return size - 48
	}
	return size - 28
}
