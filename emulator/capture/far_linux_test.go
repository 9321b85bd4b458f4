package capture

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/control"
	"testbed/emulator/netns"
)

// opener reaches what serves a stream.
type opener func(net.Conn)

func (o opener) Open(service string) (net.Conn, error) {
	if service != Service {
		return nil, control.ErrNoService
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		o(there)
	}()
	return here, nil
}

var agent = opener(func(stream net.Conn) { Serve(context.Background(), stream) })

// shifted is a machine whose clock is an hour ahead: what comes of it is placed an hour earlier.
func shifted(t time.Duration) time.Duration { return t - time.Hour }

// sendInto sends datagrams to nobody in a namespace, by its loopback.
func sendInto(t *testing.T, space *netns.Held, number int, text string) {
	t.Helper()
	err := netns.Do(space.Ref(), func() error {
		conn, err := net.Dial("udp4", "127.0.0.1:9")
		if err != nil {
			return err
		}
		defer conn.Close()
		for range number {
			if _, err := conn.Write([]byte(text)); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDevicesOfAnotherMachine: packets of a device there are in the file like those of one here, with their filter, on
// this host's clock.
func TestDevicesOfAnotherMachine(t *testing.T) {
	testenv.Privileged(t)
	space := looping(t)
	device := Device{NetNS: space.Ref(), Name: "lo", Of: "node a"}
	far := device
	far.NetNS.Machine = "elsewhere"
	filter, err := NewFilter("udp and dst port 9", nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.pcapng")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready := make(chan struct{})
	ended := make(chan error, 1)
	var r *Result
	go func() {
		var err error
		r, err = Run(ctx, []From{{Devices{device}, []Interface{{Name: "here"}}},
			{Far{Agent: agent, Machine: "b", Devices: Devices{far}, Clock: shifted}, []Interface{{Name: "there"}}}},
			Options{Program: "p", Path: path, Filter: filter, Ready: func() { close(ready) }})
		ended <- err
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	const number = 700
	sendInto(t, space, number, "known text")
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if len(r.Counts) != 2 || r.Counts[0] != r.Counts[1] || r.Counts[1].Written < number || r.Counts[1].Lost != 0 {
		t.Fatalf("%+v", r.Counts)
	}
	f := read(t, path)
	var at [2][]time.Time
	for _, p := range f.Packets {
		if !bytes.Contains(p.Data, []byte("known text")) {
			t.Fatalf("% x", p.Data)
		}
		at[p.Interface] = append(at[p.Interface], p.At)
	}
	for i := range at[0] {
		if off := at[0][i].Sub(at[1][i]) - time.Hour; off.Abs() > time.Minute {
			t.Fatalf("packet %d is %v off", i, off)
		}
	}
}

// looping is a namespace whose loopback is up.
func looping(t *testing.T) *netns.Held {
	t.Helper()
	space, err := netns.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = space.Close() })
	err = netns.Do(space.Ref(), func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		ifr, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return space
}

// TestAnotherMachineThatFails names it: whose namespace is another's, whose agent lies, is lost or hangs.
func TestAnotherMachineThatFails(t *testing.T) {
	testenv.Privileged(t)
	capture := func(ctx context.Context, with opener, d Device) error {
		return Far{Agent: with, Machine: "b", Devices: Devices{d}, Clock: shifted}.Capture(ctx, nil,
			Sink{Packet: func(Packet) error { return nil }, Told: func(time.Time, []uint64) error { return nil }})
	}
	space := looping(t)
	good := Device{NetNS: space.Ref(), Name: "lo", Of: "node a"}
	other := good
	other.NetNS.Inode++
	err := capture(t.Context(), agent, other)
	if !errors.Is(err, netns.ErrOther) || !strings.Contains(err.Error(), "machine b") {
		t.Errorf("another namespace: %v", err)
	}
	frame := make([]byte, exchange.HeaderBytes)
	says := func(messages ...told) opener {
		return func(stream net.Conn) {
			_ = exchange.NewReceiver(stream, mostOrdered).Receive(&order{})
			s := &teller{to: gob.NewEncoder(stream)}
			for _, m := range messages {
				s.now = m
				_ = s.send()
			}
		}
	}
	for name, m := range map[string]told{
		"an interface that is none": {Packets: exchange.Frames{{Of: 1, Data: frame, Length: len(frame)}}},
		"a packet of no length":     {Packets: exchange.Frames{{Data: frame}}},
		"a packet of great length":  {Packets: exchange.Frames{{Data: frame, Length: 1 << 30}}},
		"packets of nothing":        {Packets: exchange.Frames{{}}},
		"another direction":         {Packets: exchange.Frames{{Data: frame, Length: len(frame), Direction: 9}}},
	} {
		if err := capture(t.Context(), says(m), good); err == nil || !strings.Contains(err.Error(), "its agent tells") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := capture(t.Context(), says(told{Until: 1, Lost: make([]uint64, 9)}), good); !errors.Is(err, control.ErrLost) {
		t.Errorf("one that is lost: %v", err)
	}
}
