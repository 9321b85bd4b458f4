package capacity

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"testbed/emulator/netns"
)

// size is that of the packets sent, in bytes of payload. A fabric handles packets, whatever their size.
const size = 200

// Stream sends packets from one network namespace to an address in another, and counts those that arrive.
type Stream struct {
	out, in net.PacketConn
	to      net.Addr
	arrived atomic.Int64
	done    chan struct{}
}

// Open makes a stream. Close ends it.
func Open(from, to netns.Ref, addr netip.Addr) (*Stream, error) {
	s := &Stream{done: make(chan struct{})}
	err := netns.Do(to, func() (err error) {
		s.in, err = net.ListenPacket("udp4", netip.AddrPortFrom(addr, 0).String())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listening at %v: %w", addr, err)
	}
	s.to = s.in.LocalAddr()
	err = netns.Do(from, func() (err error) {
		s.out, err = net.ListenPacket("udp4", ":0")
		return err
	})
	if err != nil {
		_ = s.in.Close()
		return nil, fmt.Errorf("sending to %v: %w", addr, err)
	}
	if in, ok := s.in.(*net.UDPConn); ok {
		_ = in.SetReadBuffer(4 << 20) // as much as the host allows
	}
	go s.receive()
	return s, nil
}

// receive counts what arrives, until the stream ends.
func (s *Stream) receive() {
	defer close(s.done)
	buffer := make([]byte, 2*size)
	for {
		if _, _, err := s.in.ReadFrom(buffer); err != nil {
			return
		}
		s.arrived.Add(1)
	}
}

// Close ends the stream.
func (s *Stream) Close() {
	_, _ = s.out.Close(), s.in.Close()
	<-s.done
}

// Arrived is how many packets have arrived.
func (s *Stream) Arrived() int64 { return s.arrived.Load() }

// Send sends for so long: as fast as it can or, where rate is not 0, so many packets/s, evenly.
func (s *Stream) Send(ctx context.Context, rate float64, lasts time.Duration) error {
	packet, began := make([]byte, size), time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if rate > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(float64(n) / rate * float64(time.Second)))))
		}
		if n%64 == 0 || rate > 0 {
			if time.Since(began) >= lasts {
				return nil
			}
		}
		// What a full device does not take is what a flood is about.
		if _, err := s.out.WriteTo(packet, s.to); err != nil && rate > 0 {
			return fmt.Errorf("sending to %v: %w", s.to, err)
		}
	}
	return context.Cause(ctx)
}
