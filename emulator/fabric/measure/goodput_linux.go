package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/netns"
)

// Sizes of the measurement's socket buffers, so large that no bandwidth-delay product of interest is
// limited by them, and of its reads and writes.
const (
	socketBuffer = 64 << 20
	chunk        = 256 << 10
)

// Goodput sends over one TCP connection from a namespace to an address in another as fast as it goes,
// with the congestion control given ("": the namespace's), and returns the bits of payload per second that
// reached the receiver during duration, or somewhat longer, after warmup. The interval begins and ends at
// arrivals before and behind which everything came in order: what was received earlier but held back behind a
// lost segment would count as too much, or too little. Where there are no such arrivals, the error wraps
// ErrUnsteady, and the rate is that between any two. Where the context ends, Goodput returns an error.
func Goodput(ctx context.Context, fromNetNS, toNetNS netns.Ref, toAddr netip.Addr, warmup, duration time.Duration,
	congestion string) (bitsPerSecond float64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("throughput to %v: %w", toAddr, err)
		}
	}()
	listener, err := listen(ctx, toNetNS, toAddr)
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	sender, err := dial(ctx, fromNetNS, listener.Addr().String(), congestion)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sender.Close() }()
	receiver, err := listener.AcceptTCP()
	if err != nil {
		return 0, err
	}
	defer func() { _ = receiver.Close() }()
	_ = receiver.SetReadDeadline(time.Now().Add(warmup + duration + patience(duration) + time.Second))
	stop2 := context.AfterFunc(ctx, func() { _ = receiver.SetReadDeadline(time.Unix(1, 0)) })
	defer stop2()

	var done atomic.Bool
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		data := make([]byte, chunk)
		for !done.Load() {
			if _, err := sender.Write(data); err != nil {
				return
			}
		}
	}()
	bitsPerSecond, err = receive(receiver, sender, warmup, duration)
	done.Store(true)
	_ = sender.SetWriteDeadline(time.Unix(1, 0))
	<-sent
	return bitsPerSecond, errors.Join(err, ctx.Err())
}

// receive takes a mark at each read, until the window has its end. It counts what the kernel has received, not
// what was read: on a host that is too busy the reader lags behind, and catches up at another time.
func receive(conn, sender *net.TCPConn, warmup, duration time.Duration) (float64, error) {
	data := make([]byte, chunk)
	begin := time.Now()
	w := newWindow(warmup, duration)
	for paced := false; ; {
		_, err := conn.Read(data)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if err != nil {
			return w.rate()
		}
		if time.Since(begin) < warmup/2 {
			continue
		}
		m, err := marked(conn, sender, begin)
		if err != nil {
			return 0, err
		}
		if !paced {
			paced = true
			if err := readLess(conn, float64(m.bytes)/m.at.Seconds()*readInterval.Seconds()); err != nil {
				return 0, err
			}
		}
		if w.add(m) {
			return w.rate()
		}
	}
}

// readInterval is how much of what arrives is read at once: waking up for each packet would cost a slow host
// the time that the packets need.
const readInterval = 10 * time.Millisecond

// readLess has reads wait for so many bytes, and a read still ends with a packet.
func readLess(conn *net.TCPConn, bytes float64) error {
	return onSocket(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, max(1, min(int(bytes), chunk)))
	})
}

// marked is how a connection stands now.
func marked(receiver, sender *net.TCPConn, begin time.Time) (mark, error) {
	there, err := information(sender)
	if err != nil {
		return mark{}, err
	}
	here, err := information(receiver)
	if err != nil {
		return mark{}, err
	}
	return mark{at: time.Since(begin), bytes: here.Bytes_received, disordered: here.Rcv_ooopack, held: there.Sacked}, nil
}

// information is what the kernel tells of a connection.
func information(conn *net.TCPConn) (info *unix.TCPInfo, err error) {
	err = onSocket(conn, func(fd int) (err error) {
		info, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		return err
	})
	return info, err
}

// onSocket calls f with a connection's socket.
func onSocket(conn *net.TCPConn, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	outer := raw.Control(func(fd uintptr) { err = f(int(fd)) })
	return errors.Join(outer, err)
}

func listen(ctx context.Context, ns netns.Ref, addr netip.Addr) (*net.TCPListener, error) {
	config := net.ListenConfig{Control: control(unix.SO_RCVBUFFORCE, "")}
	var listener net.Listener
	err := netns.Do(ns, func() (err error) {
		listener, err = config.Listen(ctx, "tcp4", netip.AddrPortFrom(addr, 0).String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return listener.(*net.TCPListener), nil
}

func dial(ctx context.Context, ns netns.Ref, addr, congestion string) (*net.TCPConn, error) {
	dialer := net.Dialer{Control: control(unix.SO_SNDBUFFORCE, congestion), Timeout: 10 * time.Second}
	var conn net.Conn
	err := netns.Do(ns, func() (err error) {
		conn, err = dialer.DialContext(ctx, "tcp4", addr)
		return err
	})
	if err != nil {
		return nil, err
	}
	// What is not yet sent at the end is thrown away.
	return conn.(*net.TCPConn), conn.(*net.TCPConn).SetLinger(0)
}

// control sets a socket's options before it is used.
func control(buffer int, congestion string) func(string, string, syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var err error
		outer := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, buffer, socketBuffer)
			if err == nil && congestion != "" {
				err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, congestion)
				if err != nil {
					err = fmt.Errorf("congestion control %s: %w", congestion, err)
				}
			}
		})
		return errors.Join(outer, err)
	}
}
