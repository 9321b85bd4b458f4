package netem

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/fabrictest"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// backlog is what waits in the inner netem of a device, in bytes.
func backlog(t *testing.T, at netns.Ref, name string) (bytes uint32) {
	t.Helper()
	err := netns.Do(at, func() error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		all, err := netlink.QdiscList(l)
		for _, q := range all {
			if a := q.Attrs(); a.Handle == innerHandle && a.Statistics != nil {
				bytes = a.Statistics.Queue.Backlog
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// One TCP connection, whose sender would rather hand over 64 KB at a time, fills a queue with the bytes that it may
// hold and no more, whichever namespace the queue is in, and also after a link has got a rate under a connection.
func TestQueueHoldsTheBytesThatItMay(t *testing.T) {
	needKernel(t)
	const queue = 150 * units.KiB
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b", "c")
	b.Switch("s")
	narrow := topology.Shape{Rate: 200 * units.Mbps, Delay: time.Millisecond, Queue: queue}
	b.Cable("a", "s", topology.Shape{}, topology.Shape{})
	b.Cable("s", "b", narrow, topology.Shape{})
	b.Cable("c", "b", narrow, topology.Shape{})
	f := perTestbed(t)(t, b.Testbed).(*Fabric)
	b.Apply(f)
	switching := netns.Ref{Path: f.spacePath("s")}
	for _, c := range []struct {
		from string
		at   netns.Ref
		name string
	}{{"a", switching, "eth1"}, {"c", b.Station("c").NetNS, "eth0"}} {
		most := watchBacklog(t, c.at, c.name, func() {
			from, to := b.Station(c.from), b.Station("b")
			rate, err := measure.Goodput(t.Context(), from.NetNS, to.NetNS, to.Addr.Addr(), time.Second, 2*time.Second, "cubic")
			t.Logf("from %s: %.1f Mb/s (%v)", c.from, rate/1e6, err)
		})
		t.Logf("from %s: %d bytes wait at most, %d may", c.from, most, queue)
		if most > uint32(queue)+uint32(frame(0)) || most == 0 {
			t.Errorf("from %s: %d bytes wait, and the queue holds %d", c.from, most, queue)
		}
	}
}

// watchBacklog tells the most that waits at a device while do runs.
func watchBacklog(t *testing.T, at netns.Ref, name string, do func()) (most uint32) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	for {
		most = max(most, backlog(t, at, name))
		select {
		case <-done:
			return most
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// What is in bursts follows a change of the links on the way.
func TestBurstsOnlyWhereNoQueueCountsThem(t *testing.T) {
	needKernel(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b")
	b.Switch("s")
	b.Cable("a", "s", topology.Shape{}, topology.Shape{})
	b.Cable("s", "b", topology.Shape{}, topology.Shape{})
	f := perTestbed(t)(t, b.Testbed).(*Fabric)
	for _, c := range []struct {
		shape topology.Shape
		want  uint32
	}{
		{topology.Shape{Delay: time.Millisecond}, maxSegments}, {topology.Shape{Rate: 10 * units.Gbps}, 1},
		{topology.Shape{Loss: 0.1}, 1}, {topology.Shape{}, maxSegments},
	} {
		b.Shape("s-b", 0, c.shape)
		b.Apply(f)
		e, err := enter(b.Station("a").NetNS)
		if err != nil {
			t.Fatal(err)
		}
		all, err := e.devices()
		e.close()
		at := slices.IndexFunc(all, func(d device) bool { return d.name == fabric.Interface })
		if err != nil || at < 0 || all[at].segments != c.want {
			t.Errorf("%+v: %+v (%v), want %d segments", c.shape, all, err, c.want)
		}
	}
}

// An address that nobody has is said to be unreachable, by what is nearest, and no link carries packets for it
// around.
func TestNobodysAddressIsUnreachable(t *testing.T) {
	needKernel(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b", "c", "d", "e")
	b.Switch("s1")
	b.Switch("s2")
	for _, ends := range [][2]string{{"a", "s1"}, {"s1", "s2"}, {"s2", "b"}, {"s2", "c"}, {"d", "e"}} {
		b.Cable(ends[0], ends[1], topology.Shape{}, topology.Shape{})
	}
	f := perTestbed(t)(t, b.Testbed)
	b.Apply(f)
	carried := func() (n uint64) {
		s, err := f.Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range s.Queues {
			if q.Link == "s1-s2" {
				n += q.Packets
			}
		}
		return n
	}
	before := carried()
	for _, from := range []string{"a", "d"} { // by way of a switch, and at a cable between hosts
		for _, to := range []string{"10.77.0.77", "10.77.9.9", "192.0.2.1", "198.18.0.99"} {
			err := dial(t, b.Station(from).NetNS, netip.MustParseAddr(to))
			if !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.ENETUNREACH) {
				t.Errorf("%s connects to %s: %v, want that it is unreachable", from, to, err)
			}
		}
	}
	if n := carried() - before; n != 0 {
		t.Errorf("the link between the switches carried %d packets for nobody", n)
	}
}

func dial(t *testing.T, from netns.Ref, to netip.Addr) error {
	t.Helper()
	return netns.Do(from, func() error {
		d := net.Dialer{Timeout: testenv.Patience}
		conn, err := d.DialContext(t.Context(), "tcp4", netip.AddrPortFrom(to, 9).String())
		if err == nil {
			err = conn.Close()
		}
		return err
	})
}

// Every switch answers every probe of a traceroute, from an address of its own.
func TestEverySwitchAnswersTraceroute(t *testing.T) {
	needKernel(t)
	b := chain(t)
	f := perTestbed(t)(t, b.Testbed)
	b.Apply(f)
	const probes = 30
	for _, c := range []struct {
		to  string
		way []string
	}{{"b", []string{"s1", "s2"}}, {"c", []string{"s1", "s2", "air"}}} {
		for hop, name := range c.way {
			id, _ := b.Topology.Lookup(name)
			got := traceHop(t, b.Station("a").NetNS, b.Station(c.to).Addr.Addr(), hop+1, probes)
			if got[fabric.RouterAddr(id)] != probes || len(got) != 1 {
				t.Errorf("to %s, hop %d: answers %v, want %d from %s at %s", c.to, hop+1, got, probes, name, fabric.RouterAddr(id))
			}
		}
	}
}

// traceHop sends datagrams that may pass so many hops, one after another is answered, and counts who says that their
// time is exceeded.
func traceHop(t *testing.T, from netns.Ref, to netip.Addr, hops, count int) map[netip.Addr]int {
	t.Helper()
	answers := map[netip.Addr]int{}
	err := netns.Do(from, func() error {
		listener, err := net.ListenPacket("ip4:icmp", "0.0.0.0")
		if err != nil {
			return err
		}
		defer listener.Close()
		d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
			e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, hops) })
			return errors.Join(e, err)
		}}
		conn, err := d.DialContext(t.Context(), "udp4", netip.AddrPortFrom(to, 33434).String())
		if err != nil {
			return err
		}
		defer conn.Close()
		for range count {
			if _, err := conn.Write([]byte("probe")); err != nil && !errors.Is(err, syscall.EHOSTUNREACH) {
				return err
			}
			_ = listener.SetReadDeadline(time.Now().Add(testenv.Patience))
			message := make([]byte, 1500)
			n, who, err := listener.ReadFrom(message)
			if err != nil {
				return err
			}
			if n > 0 && message[0] == 11 { // time exceeded
				answers[netip.MustParseAddr(who.String())]++
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("hop %d: %v after %v", hops, err, answers)
	}
	return answers
}

// One host's death takes from the others neither their links nor their addresses, even where a host's first device
// led to it; and nobody has to call Apply for that.
func TestDeathOfANeighbour(t *testing.T) {
	needKernel(t)
	b := fabrictest.NewBench(t)
	b.Hosts("a", "b", "c")
	b.Cable("a", "b", topology.Shape{}, topology.Shape{}) // a's eth0
	b.Cable("a", "c", topology.Shape{}, topology.Shape{})
	fabrics := perTestbed(t)
	f := fabrics(t, b.Testbed)
	b.Apply(f)
	dying, err := netns.Hold()
	if err != nil {
		t.Fatal(err)
	}
	alive := b.Stations[1].NetNS
	b.Stations[1].NetNS = dying.Ref()
	b.Apply(f)
	if err := dying.Close(); err != nil {
		t.Fatal(err)
	}
	reach := func(when string) {
		t.Log(when)
		b.Answer("c", "a", 3)
	}
	gone := func() bool {
		err := netns.Do(b.Station("a").NetNS, func() error { _, err := netlink.LinkByName("eth0"); return err })
		return err != nil
	}
	testenv.Eventually(t, "the namespace ends", gone)
	reach("b is dead")
	var absent *fabric.AbsentError
	b.Shape("a-c", 0, topology.Shape{Delay: 2 * time.Millisecond})
	b.Queues = b.Topology.QueueLimits()
	err = fabrics(t, b.Testbed).Apply(t.Context(), b.Network)
	if !errors.As(err, &absent) || len(absent.Stations) != 1 {
		t.Errorf("Apply: %v", err)
	}
	reach("b is dead, and the link changed")
	b.Stations[1].NetNS = alive
	b.Apply(f)
	reach("b is back")
	if left := differing(t, f, b.Network); len(left) > 0 {
		t.Errorf("b is back: %q", left)
	}
}
