package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
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

// connecting bounds how long source and sink may take to find one another.
const connecting = 10 * time.Second

// Goodput sends over one TCP connection from a namespace to an address in another as fast as it goes,
// with the congestion control given ("": the namespace's), and returns the bits of payload per second that
// reached the receiver during duration, or somewhat longer, after warmup. The interval begins and ends at
// arrivals before and behind which everything came in order: what was received earlier but held back behind a
// lost segment would count as too much, or too little. Where there are no such arrivals, the error wraps
// ErrUnsteady, and the rate is that between any two; where nothing arrives it wraps ErrNothing. Where the context ends,
// Goodput returns an error.
func Goodput(ctx context.Context, fromNetNS, toNetNS netns.Ref, toAddr netip.Addr, warmup, duration time.Duration,
	congestion string) (bitsPerSecond float64, err error) {
	sink := func(ctx context.Context) (Sink, error) { return Listen(ctx, toNetNS, toAddr) }
	source := func(ctx context.Context, to netip.AddrPort) (Source, error) {
		return Connect(ctx, fromNetNS, to, congestion)
	}
	bitsPerSecond, err = Between(ctx, sink, source, warmup, duration)
	if err != nil {
		err = fmt.Errorf("throughput to %v: %w", toAddr, err)
	}
	return bitsPerSecond, err
}

// sink listens for the one connection whose data it counts.
type sink struct{ listener *net.TCPListener }

// Listen makes a sink at an address in a namespace.
func Listen(ctx context.Context, ns netns.Ref, addr netip.Addr) (Sink, error) {
	l, err := listen(ctx, ns, addr)
	if err != nil {
		return nil, err
	}
	return sink{l}, nil
}

// Addr implements Sink.
func (s sink) Addr() netip.AddrPort { return addrPort(s.listener.Addr()) }

// Close implements Sink.
func (s sink) Close() error { return s.listener.Close() }

// Receive implements Sink.
func (s sink) Receive(ctx context.Context, from netip.AddrPort, warmup, duration time.Duration,
	held func() (uint32, error)) (float64, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	defer stop()
	conn, err := s.accept(from)
	if err != nil {
		return 0, errors.Join(err, ctx.Err())
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(warmup + duration + patience(duration) + time.Second))
	stop2 := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop2()
	rate, err := receive(conn, held, warmup, duration)
	return rate, errors.Join(err, ctx.Err())
}

// accept takes the source's connection. Programs of the namespace may connect as well: they are sent away.
func (s sink) accept(from netip.AddrPort) (*net.TCPConn, error) {
	_ = s.listener.SetDeadline(time.Now().Add(connecting))
	for {
		conn, err := s.listener.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if addrPort(conn.RemoteAddr()) == from {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// source sends over a connection as fast as it goes.
type source struct {
	conn  *net.TCPConn
	ended chan struct{}
}

// Connect makes a source in a namespace, which sends to a sink from then on, with the congestion control given ("":
// the namespace's).
func Connect(ctx context.Context, ns netns.Ref, to netip.AddrPort, congestion string) (Source, error) {
	conn, err := dial(ctx, ns, to, congestion)
	if err != nil {
		return nil, err
	}
	s := source{conn, make(chan struct{})}
	go s.send()
	return s, nil
}

func (s source) send() {
	defer close(s.ended)
	for data := make([]byte, chunk); ; {
		if _, err := s.conn.Write(data); err != nil {
			return
		}
	}
}

// Addr implements Source.
func (s source) Addr() netip.AddrPort { return addrPort(s.conn.LocalAddr()) }

// Held implements Source.
func (s source) Held() (uint32, error) {
	info, err := information(s.conn)
	if err != nil {
		return 0, err
	}
	return info.Sacked, nil
}

// Close implements Source.
func (s source) Close() error {
	_ = s.conn.SetWriteDeadline(time.Unix(1, 0))
	<-s.ended
	return s.conn.Close()
}

func addrPort(a net.Addr) netip.AddrPort {
	at := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// receive takes a mark at each read, until the window has its end. It counts what the kernel has received, not
// what was read: on a host that is too busy the reader lags behind, and catches up at another time.
func receive(
	conn *net.TCPConn, held func() (uint32, error), warmup, duration time.Duration,
) (float64, error) {
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
		m, err := marked(conn, held, begin)
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
func marked(receiver *net.TCPConn, held func() (uint32, error), begin time.Time) (mark, error) {
	there, err := held()
	if err != nil {
		return mark{}, err
	}
	here, err := information(receiver)
	if err != nil {
		return mark{}, err
	}
	return mark{at: time.Since(begin), bytes: here.Bytes_received, disordered: here.Rcv_ooopack, held: there}, nil
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
		listener, err = config.Listen(ctx, versionOf(addr).tcp, netip.AddrPortFrom(addr, 0).String())
		return err
	})
	if err != nil {
		return nil, versionOf(addr).named(err)
	}
	return listener.(*net.TCPListener), nil
}

func dial(ctx context.Context, ns netns.Ref, to netip.AddrPort, congestion string) (*net.TCPConn, error) {
	dialer := net.Dialer{Control: control(unix.SO_SNDBUFFORCE, congestion), Timeout: connecting}
	var conn net.Conn
	err := netns.Do(ns, func() (err error) {
		conn, err = dialer.DialContext(ctx, versionOf(to.Addr()).tcp, to.String())
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
