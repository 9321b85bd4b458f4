package measure

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/netns"
)

// drained is how long the receiver waits for what is still under way.
const drained = 500 * time.Millisecond

// tick is how often the sender sends what is due.
const tick = time.Millisecond

// Flood sends so many UDP packets/s, of size bytes with their headers, from a namespace to an address in another for so
// long, and returns when those that arrived did: ns of CLOCK_MONOTONIC, ascending, when the kernel got them.
func Flood(
	ctx context.Context, from, to netns.Ref, addr netip.Addr, size int, rate float64, lasts time.Duration,
) (arrivals []int64, err error) {
	sink := func() (FloodSink, error) { return ListenFlood(to, addr, size) }
	send := func(to netip.AddrPort) error { return SendFlood(ctx, from, to, size, rate, lasts) }
	if arrivals, err = FloodBetween(sink, send); err != nil {
		err = fmt.Errorf("flood of %v: %w", addr, err)
	}
	return arrivals, err
}

// floodSink notes when packets come to a socket.
type floodSink struct {
	socket, payload int
	at              netip.AddrPort
}

// ListenFlood makes a sink at an address in a namespace for packets of size bytes with their headers.
func ListenFlood(ns netns.Ref, addr netip.Addr, size int) (FloodSink, error) {
	payload := FloodPayload(size, !addr.Is4())
	if payload < 0 {
		return nil, fmt.Errorf("packets of %d bytes: they are smaller than their headers", size)
	}
	socket, err := floodSocket(ns, addr)
	if err != nil {
		return nil, err
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		return nil, errors.Join(err, unix.Close(socket))
	}
	s := &floodSink{socket: socket, payload: payload}
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		s.at = netip.AddrPortFrom(addr, uint16(bound.Port))
	case *unix.SockaddrInet6:
		s.at = netip.AddrPortFrom(addr, uint16(bound.Port))
	}
	return s, nil
}

// Addr implements FloodSink.
func (s *floodSink) Addr() netip.AddrPort { return s.at }

// Close implements FloodSink.
func (s *floodSink) Close() error { return unix.Close(s.socket) }

// SendFlood sends so many packets/s, of size bytes with their headers, from a namespace to a sink, for so long.
func SendFlood(
	ctx context.Context, from netns.Ref, to netip.AddrPort, size int, rate float64, lasts time.Duration,
) error {
	payload := FloodPayload(size, !to.Addr().Is4())
	if payload < 0 {
		return fmt.Errorf("packets of %d bytes: they are smaller than their headers", size)
	}
	socket, err := floodSocket(from, unspecified(to.Addr()))
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }()
	return sendFlood(ctx, socket, versionOf(to.Addr()).port(to), payload, rate, lasts)
}

// unspecified is any address of the same version.
func unspecified(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// floodSocket is one for datagrams, at any port of an address of the namespace.
func floodSocket(ns netns.Ref, addr netip.Addr) (socket int, err error) {
	v := versionOf(addr)
	err = netns.Do(ns, func() (err error) {
		socket, err = v.socket(unix.SOCK_DGRAM, 0)
		return err
	})
	if err != nil {
		return -1, err
	}
	pause := unix.NsecToTimeval(int64(drained))
	err = errors.Join(
		unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer),
		unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &pause),
		kerneltime.Stamp(socket), unix.Bind(socket, v.at(addr)),
	)
	if err != nil {
		_ = unix.Close(socket)
		return -1, err
	}
	return socket, nil
}

// sendFlood sends what is due, tick by tick.
func sendFlood(
	ctx context.Context, socket int, to unix.Sockaddr, payload int, rate float64, lasts time.Duration,
) error {
	packet := make([]byte, payload)
	began, sent := time.Now(), 0
	for next := began; ctx.Err() == nil; next = next.Add(tick) {
		time.Sleep(time.Until(next))
		passed := min(time.Since(began), lasts)
		for due := int(rate * passed.Seconds()); sent < due; sent++ {
			err := unix.Sendto(socket, packet, 0, to)
			if err != nil && !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINTR) {
				return err
			}
		}
		if passed == lasts {
			return nil
		}
	}
	return ctx.Err()
}

// Receive implements FloodSink.
func (s *floodSink) Receive(over <-chan struct{}) ([]int64, error) {
	offset := kerneltime.Now(unix.CLOCK_MONOTONIC) - kerneltime.Now(unix.CLOCK_REALTIME)
	var arrivals []int64
	data := make([]byte, s.payload)
	var control [kerneltime.ControlSize]byte
	for {
		_, n, _, _, err := unix.Recvmsg(s.socket, data, control[:], 0)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			select {
			case <-over:
				slices.Sort(arrivals)
				return arrivals, nil
			default:
			}
		case err != nil:
			return nil, err
		case len(arrivals) == MostFlooded:
			return nil, fmt.Errorf("more than %d packets arrived", MostFlooded)
		default:
			stamp := kerneltime.Stamped(control[:n])
			if stamp == 0 { // it takes a moment until the kernel stamps
				stamp = kerneltime.Now(unix.CLOCK_REALTIME)
			}
			arrivals = append(arrivals, stamp+offset)
		}
	}
}
