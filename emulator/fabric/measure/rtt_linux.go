package measure

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/netns"
)

// echoTimeout is after how long an answer counts as lost, until some are known; slice how often the context is
// looked at.
const (
	echoTimeout = 2 * time.Second
	slice       = 100 * time.Millisecond
)

// timeout is after how long the next answer counts as lost: long after the slowest so far. Where many are lost,
// two seconds for each would take minutes.
func timeout(times []time.Duration) time.Duration {
	const enough = 5
	if len(times) < enough {
		return echoTimeout
	}
	return min(echoTimeout, max(4*slice, 4*slices.Max(times)))
}

// RTT sends count ICMP echo requests of 64 bytes from the namespace to an address, of IPv4 or IPv6, one after the
// other, at least interval apart, and returns the round-trip times of those that were answered within two
// seconds or, once some were, within four times the slowest and 400 ms. As with ping, an answer's time is when the
// kernel got it, not when the waiting thread woke. It fails where the namespace cannot be entered, nothing can be sent,
// or the context ends.
func RTT(
	ctx context.Context, fromNetNS netns.Ref, to netip.Addr, count int, interval time.Duration,
) ([]time.Duration, error) {
	if !to.IsValid() {
		return nil, fmt.Errorf("round-trip time to %v: not an address", to)
	}
	var times []time.Duration
	err := netns.Do(fromNetNS, func() (err error) {
		times, err = echo(ctx, to, count, interval)
		return err
	})
	if err != nil {
		return times, fmt.Errorf("round-trip time to %v: %w", to, err)
	}
	return times, nil
}

func echo(ctx context.Context, to netip.Addr, count int, interval time.Duration) ([]time.Duration, error) {
	v := versionOf(to)
	sock, err := v.socket(unix.SOCK_RAW, v.icmp)
	if err != nil {
		return nil, err
	}
	defer unix.Close(sock)
	pause := unix.NsecToTimeval(int64(slice))
	if err := unix.SetsockoptTimeval(sock, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &pause); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(sock, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return nil, err
	}
	target := v.at(to)
	id := uint16(rand.Uint32())
	var times []time.Duration
	var request, answer [128]byte
	for i := range count {
		if err := ctx.Err(); err != nil {
			return times, err
		}
		message := v.echoRequest(request[:64], id, uint16(i))
		sent := time.Now()
		if err := unix.Sendto(sock, message, 0, target); err != nil {
			return times, err
		}
		if since, err := v.await(ctx, sock, answer[:], sent, timeout(times), id, uint16(i)); err == nil {
			times = append(times, time.Since(sent)-since)
		} else if !errors.Is(err, unix.EAGAIN) {
			return times, err
		}
		time.Sleep(interval - time.Since(sent))
	}
	return times, nil
}

// await blocks until the answer of that number is there, and returns how long ago the kernel got it. It
// returns EAGAIN where none comes in time.
func (v version) await(
	ctx context.Context, sock int, buffer []byte, sent time.Time, patience time.Duration, id, number uint16,
) (time.Duration, error) {
	var control [64]byte
	for {
		n, oobn, _, _, err := unix.Recvmsg(sock, buffer, control[:], 0)
		switch {
		case err == nil && v.isAnswer(buffer[:n], id, number):
			return age(control[:oobn]), nil
		case err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
			return 0, err
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case time.Since(sent) > patience:
			return 0, unix.EAGAIN
		}
	}
}

// age is how long ago the kernel received the message that came with this control data; 0 where it does
// not say.
func age(control []byte) time.Duration {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16 {
			at := time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			return max(0, time.Since(at))
		}
	}
	return 0
}

// echoRequest fills in an ICMP echo request, RFC 792, or one of ICMPv6, RFC 4443, whose checksum the kernel adds.
func (v version) echoRequest(message []byte, id, number uint16) []byte {
	clear(message)
	message[0] = v.request
	binary.BigEndian.PutUint16(message[4:], id)
	binary.BigEndian.PutUint16(message[6:], number)
	var s uint32
	for i := 0; i < len(message); i += 2 {
		s += uint32(binary.BigEndian.Uint16(message[i:]))
	}
	s = s>>16 + s&0xffff
	binary.BigEndian.PutUint16(message[2:], ^uint16(s+s>>16))
	return message
}

// isAnswer recognises the echo reply in an IPv4 packet, or in a message of ICMPv6.
func (v version) isAnswer(message []byte, id, number uint16) bool {
	if v.icmp == unix.IPPROTO_ICMP {
		if len(message) < 20 {
			return false
		}
		message = message[min(len(message), int(message[0]&0x0f)*4):]
	}
	return len(message) >= 8 && message[0] == v.reply &&
		binary.BigEndian.Uint16(message[4:]) == id && binary.BigEndian.Uint16(message[6:]) == number
}
