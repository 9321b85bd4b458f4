package emulator_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/netns"
)

// capture is what nodes send over TCP, read off their devices.
type capture struct {
	mu      sync.Mutex
	streams map[flow]*stream
	stop    []func()
	all     sync.WaitGroup
	errs    []error
}

// flow is one direction of a connection.
type flow struct{ from, to netip.AddrPort }

// stream are a flow's bytes, and when which of them were sent.
type stream struct {
	next  uint32 // sequence number
	data  []byte
	parts []part
}

type part struct {
	offset int
	at     time.Time
}

// message is an HTTP request or response.
type message struct {
	from, to netip.Addr
	at       time.Time // when its first byte was sent
	method   string    // of the request
	path     string    // likewise
	key      string    // of the chain that it belongs to
	answer   bool
	body     int64 // bytes
}

// in begins to capture what leaves a node.
func (c *capture) in(t *testing.T, space string) {
	t.Helper()
	var sock int
	err := netns.Do(netns.Ref{Path: space}, func() (err error) {
		ip := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
		sock, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(ip))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(unix.SetsockoptInt(sock, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
		kerneltime.Stamp(sock),
		unix.SetsockoptTimeval(sock, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}))
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	c.stop = append(c.stop, func() { close(over) })
	c.all.Go(func() {
		defer unix.Close(sock)
		buffer, control := make([]byte, 256<<10), make([]byte, kerneltime.ControlSize)
		for {
			n, oobn, _, from, err := unix.Recvmsg(sock, buffer, control, 0)
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
				select {
				case <-over:
					return
				default:
					continue
				}
			}
			link, is := from.(*unix.SockaddrLinklayer)
			if err == nil && is && link.Pkttype == unix.PACKET_OUTGOING {
				err = c.packet(buffer[:n], stamped(control[:oobn]))
			}
			if err != nil {
				c.mu.Lock()
				c.errs = append(c.errs, err)
				c.mu.Unlock()
			}
		}
	})
}

// stamped is when the kernel saw a packet: those who read it come later, and not in the order of the packets.
func stamped(control []byte) time.Time {
	if at := kerneltime.Stamped(control); at > 0 {
		return time.Unix(0, at)
	}
	return time.Now()
}

// packet takes an IPv4 packet in.
func (c *capture) packet(p []byte, at time.Time) error {
	if len(p) < 20 || p[0]>>4 != 4 || p[9] != unix.IPPROTO_TCP {
		return nil
	}
	head := int(p[0]&15) * 4
	length := int(binary.BigEndian.Uint16(p[2:]))
	if length == 0 { // BIG TCP
		length = len(p)
	}
	if len(p) < head+20 || len(p) < length {
		return fmt.Errorf("a packet of %d bytes was cut to %d", length, len(p))
	}
	from, _ := netip.AddrFromSlice(p[12:16])
	to, _ := netip.AddrFromSlice(p[16:20])
	p = p[head:length]
	f := flow{netip.AddrPortFrom(from, binary.BigEndian.Uint16(p)), netip.AddrPortFrom(to, binary.BigEndian.Uint16(p[2:]))}
	sequence, syn := binary.BigEndian.Uint32(p[4:]), p[13]&2 != 0
	payload := p[p[12]>>4*4:]
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f]
	if syn {
		c.streams[f] = &stream{next: sequence + 1}
		return nil
	}
	if s == nil || len(payload) == 0 {
		return nil // a connection from before
	}
	again := s.next - sequence // bytes that are sent once more
	if int32(again) < 0 {
		return fmt.Errorf("%s to %s: %d bytes were not captured", f.from, f.to, -int32(again))
	}
	if int(again) >= len(payload) {
		return nil
	}
	payload = payload[again:]
	s.parts = append(s.parts, part{len(s.data), at})
	s.data = append(s.data, payload...)
	s.next += uint32(len(payload))
	return nil
}

// end ends the capture and returns the messages of chains, by the time of their first byte.
func (c *capture) end(t *testing.T) []message {
	t.Helper()
	for _, stop := range c.stop {
		stop()
	}
	c.all.Wait()
	if err := errors.Join(c.errs...); err != nil {
		t.Fatal(err)
	}
	var all []message
	for f, s := range c.streams {
		back := c.streams[flow{f.to, f.from}]
		if back == nil || !bytes.Contains(s.data, []byte(" HTTP/1.1\r\nHost: ")) {
			continue // answers, which come with their requests
		}
		messages, err := exchanges(f, s, back)
		if err != nil {
			t.Fatalf("%s to %s: %v", f.from, f.to, err)
		}
		all = append(all, messages...)
	}
	slices.SortFunc(all, func(a, b message) int { return a.at.Compare(b.at) })
	return all
}

// exchanges are the requests and the responses of a connection.
func exchanges(f flow, forth, back *stream) (all []message, err error) {
	requests, answers := newPosition(forth), newPosition(back)
	for {
		at, err := requests.time()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		r, err := http.ReadRequest(requests.from)
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", len(all)/2, err)
		}
		m := message{from: f.from.Addr(), to: f.to.Addr(), at: at, method: r.Method, path: r.URL.Path}
		if call := strings.Fields(r.Header.Get("X-Testbed-Call")); len(call) > 1 {
			m.key = call[1]
		} else if next := strings.Fields(r.Header.Get("X-Testbed-Next")); len(next) > 1 {
			m.key = next[1]
		} else if key, is := strings.CutPrefix(r.URL.Path, "/state/"); is {
			m.key = key[:strings.LastIndexByte(key, '/')]
		}
		if m.body, err = io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		answer := message{from: m.to, to: m.from, method: m.method, path: m.path, key: m.key, answer: true}
		if answer.at, err = answers.time(); err != nil {
			return nil, fmt.Errorf("%s %s has no answer: %w", m.method, m.path, err)
		}
		got, err := http.ReadResponse(answers.from, r)
		if err != nil {
			return nil, err
		}
		if answer.body, err = io.Copy(io.Discard, got.Body); err != nil {
			return nil, err
		}
		all = append(all, m, answer)
	}
}

// position is how far a stream has been read.
type position struct {
	stream *stream
	source *bytes.Reader
	from   *bufio.Reader
}

func newPosition(s *stream) *position {
	source := bytes.NewReader(s.data)
	return &position{s, source, bufio.NewReader(source)}
}

// time is when the next byte was sent; io.EOF: there is none.
func (p *position) time() (time.Time, error) {
	if _, err := p.from.Peek(1); err != nil {
		return time.Time{}, err
	}
	at := len(p.stream.data) - p.source.Len() - p.from.Buffered()
	i, found := slices.BinarySearchFunc(p.stream.parts, at, func(a part, offset int) int { return a.offset - offset })
	if !found {
		i--
	}
	return p.stream.parts[i].at, nil
}
