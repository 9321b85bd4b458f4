package fabrictest

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// Routing holds a fabric to what a packet meets that does not arrive: every router on its way takes from its time
// to live, and says so, by its own address, when that is over; and an address that nobody has is unreachable at
// once.
func Routing(t *testing.T, newFabric func(t *testing.T, testbed string) fabric.Fabric) {
	b, _ := behindTwo(t, newFabric)
	b.routes(version{tcp: "tcp4", addr: netip.Prefix.Addr, router: fabric.RouterAddr, probe: probe, expired: 11})
}

// version is a version of IP: what the suite has for it, and ICMP's types of an answer and of a message that a packet's
// time to live is over.
type version struct {
	tcp               string
	addr              func(netip.Prefix) netip.Addr // of a station
	router            func(topology.ID) netip.Addr
	probe             func(from netns.Ref, to netip.Addr, timeToLive int) (who netip.Addr, typ byte, err error)
	answered, expired byte
}

// behindTwo are the hosts a and b with the switches one and two between them.
func behindTwo(t *testing.T, newFabric NewFabric) (*Bench, fabric.Fabric) {
	testenv.Privileged(t)
	b := NewBench(t)
	b.Hosts("a", "b")
	for _, name := range []string{"one", "two"} {
		b.Switch(name)
	}
	there, back := duplex(0, 2*time.Millisecond)
	b.Cable("a", "one", there, back)
	b.Cable("one", "two", there, back)
	b.Cable("two", "b", there, back)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	return b, f
}

// routes checks who answers packets of the network of behindTwo that have little time to live, and that nobody's
// address is unreachable.
func (b *Bench) routes(v version) {
	b.t.Helper()
	from, to := b.Station("a").NetNS, v.addr(b.Station("b").Addr)
	for ttl, router := range []string{1: "one", 2: "two", 3: "b"} {
		if ttl == 0 {
			continue
		}
		want, typ := to, v.answered
		if router != "b" {
			want, typ = v.router(b.id(router)), v.expired
		}
		for range 5 { // all of several in a row are answered
			if got, kind, err := v.probe(from, to, ttl); err != nil || got != want || kind != typ {
				b.t.Errorf("time to live %d: ICMP type %d from %v, %v; want type %d from %v (%s)",
					ttl, kind, got, err, typ, want, router)
			}
		}
	}
	nobody := v.addr(b.Stations[0].Addr).Next().Next().Next()
	err := netns.Do(from, func() error {
		conn, err := net.DialTimeout(v.tcp, netip.AddrPortFrom(nobody, 80).String(), testenv.Patience)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.ENETUNREACH) {
		b.t.Errorf("a connection to nobody: %v, want unreachable", err)
	}
}

// probe sends an echo request and returns who answers it, with which type of message.
func probe(from netns.Ref, to netip.Addr, ttl int) (who netip.Addr, typ byte, err error) {
	err = netns.Do(from, func() error {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
		if err != nil {
			return err
		}
		defer unix.Close(sock)
		timeout := unix.NsecToTimeval(int64(testenv.Patience))
		if err := errors.Join(unix.SetsockoptInt(sock, unix.IPPROTO_IP, unix.IP_TTL, ttl),
			unix.SetsockoptTimeval(sock, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)); err != nil {
			return err
		}
		request := []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}
		if err := unix.Sendto(sock, request, 0, &unix.SockaddrInet4{Addr: to.As4()}); err != nil {
			return err
		}
		var packet [1500]byte
		n, _, err := received(sock, packet[:])
		if err != nil {
			return err
		}
		if n < 28 {
			return errors.New("a short message")
		}
		who, typ = netip.AddrFrom4([4]byte(packet[12:16])), packet[20]
		return nil
	})
	return who, typ, err
}

// received takes a packet from a socket whose time to wait is bounded: then a signal to the thread, such as of Go's
// runtime, ends a call (signal(7)).
func received(sock int, packet []byte) (n int, from unix.Sockaddr, err error) {
	for {
		if n, from, err = unix.Recvfrom(sock, packet, 0); err != unix.EINTR {
			return n, from, err
		}
	}
}

// ToMany sends datagrams from a station to a group of receivers or to everybody, and returns of which stations
// programs that listen got them. Group is e.g. 239.1.2.3, or 255.255.255.255.
func (b *Bench) ToMany(group netip.Addr, from string, receivers ...string) (got []string) {
	b.t.Helper()
	const port = 4711
	var conns []*net.UDPConn
	for _, name := range receivers {
		err := netns.Do(b.Station(name).NetNS, func() error {
			conn, err := listenTo(group, port)
			conns = append(conns, conn)
			return err
		})
		if err != nil {
			b.t.Fatalf("%s: %v", name, err)
		}
	}
	err := netns.Do(b.Station(from).NetNS, func() error {
		conn, err := net.Dial("udp4", netip.AddrPortFrom(group, port).String())
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte("to many"))
		return err
	})
	if err != nil {
		b.t.Fatalf("%s: %v", from, err)
	}
	for i, conn := range conns {
		if _, err := testenv.ReadWithin(conn, make([]byte, 64), time.Second); err == nil {
			got = append(got, receivers[i])
		}
		_ = conn.Close()
	}
	return got
}

func listenTo(group netip.Addr, port int) (*net.UDPConn, error) {
	address := net.UDPAddrFromAddrPort(netip.AddrPortFrom(group, uint16(port)))
	if !group.IsMulticast() {
		return net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	}
	device, err := net.InterfaceByName(fabric.Interface)
	if err != nil {
		return nil, err
	}
	return net.ListenMulticastUDP("udp4", device, address)
}
