package userspace

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// askForHardwareAddress sends an ARP request, as arping does.
func askForHardwareAddress() error {
	device, err := net.InterfaceByName(fabric.Interface)
	if err != nil {
		return err
	}
	const arp = 0x0608 // ETH_P_ARP in network order
	sock, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(sock)
	everybody := [8]byte{255, 255, 255, 255, 255, 255}
	to := &unix.SockaddrLinklayer{Protocol: arp, Ifindex: device.Index, Halen: 6, Addr: everybody}
	return unix.Sendto(sock, make([]byte, 28), 0, to)
}

// onInterface does something to a station's interface, in its namespace.
func onInterface(t *testing.T, st fabric.Station, do func(netlink.Link) error) {
	t.Helper()
	err := netns.Do(st.NetNS, func() error {
		link, err := netlink.LinkByName(fabric.Interface)
		if err != nil {
			return err
		}
		return do(link)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLostStationIsTold: a device that is deleted while its node lives ends a Watch, is told by Inspect, and comes
// back with the next Apply, after which Watch waits again.
func TestLostStationIsTold(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 3, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	watched := make(chan error, 1)
	watch := func() { watched <- f.Watch(t.Context()) }
	for range 2 {
		go watch()
		if s := stations(t, f)["h1"]; !s.Attached || s.Note != "" {
			t.Fatalf("before: %+v", s)
		}
		onInterface(t, b.Station("h1"), netlink.LinkDel)
		err := testenv.Receive(t, "Watch ends", watched)
		if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "h1") {
			t.Errorf("Watch: %v", err)
		}
		if s := stations(t, f)["h1"]; s.Attached || s.Note == "" {
			t.Errorf("lost: %+v", s)
		}
		if s := stations(t, f)["h2"]; !s.Attached || s.Note != "" {
			t.Errorf("of another station: %+v", s)
		}
		b.Apply(f)
	}
	// What is written to a device that is down is lost, and counted; the station is not.
	before := stations(t, f)["h1"].Errors
	onInterface(t, b.Station("h1"), netlink.LinkSetDown)
	go watch()
	send(t, b.Station("h0"), b.Station("h1"), 7)
	testenv.Eventually(t, "seven errors", func() bool { return stations(t, f)["h1"].Errors == before+7 })
	onInterface(t, b.Station("h1"), netlink.LinkSetUp)
	if s := stations(t, f)["h1"]; !s.Attached {
		t.Errorf("up again: %+v", s)
	}
	select {
	case err := <-watched:
		t.Errorf("Watch ended: %v", err)
	default:
	}
}

// send sends datagrams to a port of a station where nobody listens.
func send(t *testing.T, from, to fabric.Station, count int) {
	t.Helper()
	err := netns.Do(from.NetNS, func() error {
		conn, err := net.ListenPacket("udp4", "")
		if err != nil {
			return err
		}
		defer conn.Close()
		for range count {
			if _, err := conn.WriteTo(make([]byte, 100), &net.UDPAddr{IP: to.Addr.Addr().AsSlice(), Port: 9}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOverrunOfTheDeviceIsCounted: packets that the kernel drops because the fabric does not read them.
func TestOverrunOfTheDeviceIsCounted(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	pids, err := Processes(b.Testbed)
	if err != nil || len(pids) != 1 {
		t.Fatal(pids, err)
	}
	if err := unix.Kill(pids[0], unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	const more = 1000
	send(t, b.Station("h0"), b.Station("h1"), ringSize+more)
	if err := unix.Kill(pids[0], unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s := stations(t, f)["h0"]
	if s.Errors < more/2 || s.Errors > more {
		t.Errorf("%d packets too many, and told: %+v", more, s)
	}
}

// TestKilledFabricIsSaidNotToRun: whoever asks is told why nobody answers, also before there was a network.
func TestKilledFabricIsSaidNotToRun(t *testing.T) {
	testenv.Privileged(t)
	b := wheel(t, 2, topology.Shape{})
	f := newFabric(t, b.Testbed)
	ask := func(when string) {
		t.Helper()
		_, inspected := f.Inspect(t.Context())
		for _, err := range []error{inspected, f.Watch(t.Context())} {
			if !errors.Is(err, fabric.ErrNotRunning) || errors.Is(err, os.ErrPermission) {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	ask("before")
	b.Apply(f)
	if _, err := f.Inspect(t.Context()); err != nil {
		t.Error(err)
	}
	watched := make(chan error, 1)
	go func() { watched <- f.Watch(t.Context()) }()
	pids, err := Processes(b.Testbed)
	if err != nil || len(pids) != 1 {
		t.Fatal(pids, err)
	}
	if err := unix.Kill(pids[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-watched; !errors.Is(err, ErrEnded) || !errors.Is(err, fabric.ErrNotRunning) {
		t.Errorf("Watch: %v", err)
	}
	ask("killed")
	b.Apply(f)
	if err := f.Close(t.Context()); err != nil {
		t.Error(err)
	}
	ask("closed")
}

// answers tells whether one station reaches another.
func answers(t *testing.T, from, to fabric.Station) bool {
	t.Helper()
	times, err := measure.RTT(t.Context(), from.NetNS, to.Addr.Addr(), 3, 0)
	if err != nil {
		t.Error(err)
	}
	return len(times) > 0
}

// A process that ends while it is asked does not run, either.
func TestProcessThatEndsWhileItIsAsked(t *testing.T) {
	for what, hang := range map[string]func(net.Conn){
		"before the question": func(net.Conn) {},
		"after it":            func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)) },
	} {
		listener, err := net.Listen("unix", t.TempDir()+"/s")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				hang(conn)
				_ = conn.Close()
			}
			_ = listener.Close()
		}()
		conn, err := net.Dial("unix", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newClientConn(conn).ask(t.Context(), request{Op: opInspect}); !errors.Is(err, fabric.ErrNotRunning) {
			t.Errorf("%s: %v", what, err)
		}
		_ = conn.Close()
	}
}
