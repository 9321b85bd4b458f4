package fabrictest

import (
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"net"
	"net/netip"
	"os"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
)

// Stream is a flow of numbered UDP datagrams.
type Stream struct {
	Count      int
	Size       int           // bytes of payload, at least 16
	Interval   time.Duration // from one to the next; what is a little late is made up for. 0: as fast as it goes
	Quiet      time.Duration // once all are sent, how long the receiver waits for another one; 0: half a second
	Want       int           // arrivals that are waited for in any case, with patience; then comes Quiet
	Sent       func()        // is called when the last one has been sent; may be nil
	NoChecksum bool          // corrupted ones reach the program
}

// madeUp is how late a stream makes up for: more would be a burst that no queue has to hold.
const madeUp = 20 * time.Millisecond

// Arrival is a datagram that reached the receiving program.
type Arrival struct {
	Number  int // from 0, in the order sent
	Flipped int // bits of its payload that differ from what was sent
}

// Send sends the stream from one namespace to an address in another and returns what arrives, in order.
func (s Stream) Send(ctx context.Context, fromNetNS, toNetNS netns.Ref, to netip.Addr) ([]Arrival, error) {
	s.Size = max(s.Size, 16)
	if s.Quiet == 0 {
		s.Quiet = 500 * time.Millisecond
	}
	var receiver net.PacketConn
	err := netns.Do(toNetNS, func() (err error) {
		config := net.ListenConfig{Control: receiving}
		receiver, err = config.ListenPacket(ctx, "udp4", netip.AddrPortFrom(to, 0).String())
		return err
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = receiver.Close() }()
	var sender net.Conn
	err = netns.Do(fromNetNS, func() (err error) {
		dialer := net.Dialer{Control: sending(s.NoChecksum)}
		sender, err = dialer.DialContext(ctx, "udp4", receiver.LocalAddr().String())
		return err
	})
	if err != nil {
		return nil, err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.send(ctx, sender)
		if s.Sent != nil {
			s.Sent()
		}
		_ = receiver.SetReadDeadline(time.Unix(1, 0))
	}()
	defer func() { <-sent; _ = sender.Close() }()
	var all []Arrival
	data := make([]byte, s.Size+1)
	for over := false; ; {
		var n int
		switch {
		case !over:
			n, _, err = receiver.ReadFrom(data)
		case len(all) < s.Want:
			n, err = testenv.ReadWithin(receiver, data, testenv.Patience)
		default:
			n, err = testenv.ReadWithin(receiver, data, s.Quiet)
		}
		switch {
		case err == nil:
			all = append(all, recognise(data[:n]))
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return all, err
		case over:
			return all, ctx.Err()
		default:
			<-sent
			over = true
		}
	}
}

func (s Stream) send(ctx context.Context, to net.Conn) {
	data := make([]byte, s.Size)
	begin := time.Now()
	for i := 0; i < s.Count && ctx.Err() == nil; i++ {
		if wait := time.Until(begin.Add(time.Duration(i) * s.Interval)); wait > 0 {
			time.Sleep(wait)
		} else if s.Interval > 0 && wait < -madeUp {
			begin = begin.Add(-wait)
		}
		fill(data, i)
		_, _ = to.Write(data)
	}
}

// fill writes the payload of that number: the number again and again.
func fill(data []byte, number int) {
	for i := 0; i+4 <= len(data); i += 4 {
		binary.BigEndian.PutUint32(data[i:], uint32(number))
	}
}

// recognise finds the number by majority of its first three copies.
func recognise(data []byte) Arrival {
	if len(data) < 16 {
		return Arrival{-1, 8 * len(data)}
	}
	a, b, c := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	number := a&b | b&c | a&c
	want := make([]byte, len(data))
	fill(want, int(number))
	flipped := 0
	for i := range data {
		flipped += bits.OnesCount8(data[i] ^ want[i])
	}
	return Arrival{int(number), flipped}
}
