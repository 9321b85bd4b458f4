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
	defer func() {
		if err != nil {
			err = fmt.Errorf("flood of %v: %w", addr, err)
		}
	}()
	payload := FloodPayload(size, !addr.Is4())
	if payload < 0 {
		return nil, fmt.Errorf("packets of %d bytes: they are smaller than their headers", size)
	}
	in, err := floodSocket(to, addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(in) }()
	bound, err := unix.Getsockname(in)
	if err != nil {
		return nil, err
	}
	out, err := floodSocket(from, unspecified(addr))
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(out) }()
	received := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		var err error
		arrivals, err = takeFlood(in, payload, over)
		received <- err
	}()
	err = sendFlood(ctx, out, bound, payload, rate, lasts)
	close(over)
	err = errors.Join(err, <-received)
	slices.Sort(arrivals)
	return arrivals, err
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

// takeFlood notes when packets come, until over is closed and none has come for a while.
func takeFlood(socket, payload int, over <-chan struct{}) ([]int64, error) {
	offset := kerneltime.Now(unix.CLOCK_MONOTONIC) - kerneltime.Now(unix.CLOCK_REALTIME)
	var arrivals []int64
	data := make([]byte, payload)
	var control [kerneltime.ControlSize]byte
	for {
		_, n, _, _, err := unix.Recvmsg(socket, data, control[:], 0)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			select {
			case <-over:
				return arrivals, nil
			default:
			}
		case err != nil:
			return arrivals, err
		default:
			stamp := kerneltime.Stamped(control[:n])
			if stamp == 0 { // it takes a moment until the kernel stamps
				stamp = kerneltime.Now(unix.CLOCK_REALTIME)
			}
			arrivals = append(arrivals, stamp+offset)
		}
	}
}
