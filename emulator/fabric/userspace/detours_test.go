package userspace

import (
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// starRouted is a star of four stations, of which b has further addresses, and a has routes by way of c.
func starRouted(t testing.TB) fabric.Network {
	t.Helper()
	n := star(t, 4, topology.Duplex, topology.Shape{Delay: time.Millisecond}, topology.Shape{Delay: time.Millisecond})
	p := netip.MustParsePrefix
	n.Stations[1].Addresses = []netip.Prefix{p("10.9.0.1/24"), p("fd00:9::1/64")}
	n.Stations[0].Routes = []fabric.Route{{To: p("10.8.0.0/16"), Via: n.Stations[2].ID},
		{To: p("fd00:8::/32"), Via: n.Stations[2].ID}, {To: p("10.9.0.0/16"), Via: n.Stations[3].ID}}
	return n
}

// to4 and to6 are frames from a station to an address.
func to4(from int, addr string) []byte {
	f := frame(from, 0, 100, 7)
	a := netip.MustParseAddr(addr).As4()
	copy(f[ipAt+16:], a[:])
	return sealed(f, 64)
}

func to6(from int, addr string) []byte {
	f := frame6(from, 0, 100, 64, 7)
	a := netip.MustParseAddr(addr).As16()
	copy(f[dest6At:], a[:])
	return f
}

func TestRoutesLeadByWayOfStations(t *testing.T) {
	m := newModel(t, starRouted(t))
	for _, c := range []struct {
		from    int
		frame   []byte
		to      string
		nowhere bool
	}{
		{0, to4(0, "10.8.7.7"), "c", false}, {0, to6(0, "fd00:8::7"), "c", false}, // by way of c
		{0, to4(0, "10.9.0.1"), "d", false}, // a's own route, though b has the address
		{2, to4(2, "10.9.0.1"), "b", false}, {2, to6(2, "fd00:9::1"), "b", false}, {0, to6(0, "fd00:9::1"), "b", false},
		{0, to4(0, "10.0.0.1"), "b", false}, {0, to6(0, "fd74:6264:a00::a00:1"), "b", false},
		{2, to4(2, "10.8.7.7"), "c", true}, {2, to6(2, "fd00:8::7"), "c", true}, {2, to4(2, "10.9.0.2"), "c", true},
		{0, to6(0, "fd74:6264:a00::a09:1"), "a", true}, // that does not follow from b's further address
	} {
		m.sent = nil
		begin := m.now
		m.send(begin, c.from, c.frame)
		m.run(begin + 100*ms)
		if m.want(m.receivers(), c.to); len(m.sent) != 1 {
			continue
		}
		got := m.sent[0]
		if c.nowhere {
			m.want(got.at-begin, 2*ms) // from the hub
			continue
		}
		m.want(got.at-begin, 2*ms)
		m.want(got.tag, byte(7))
		m.want([6]byte(got.data[virtioLen:]), m.table.ports[c.to[0]-'a'].mac)
		at := hopLimitAt
		if !isIPv6(got.data) {
			at = ttlAt
		}
		m.want(got.data[at], byte(63))
	}
	m.want(m.table.ports[2].unreachable, uint64(3))
	m.want(m.table.ports[0].unreachable, uint64(1))
}

func TestRoutesComeAndGo(t *testing.T) {
	n := starRouted(t)
	m := newModel(t, n)
	m.send(0, 0, to4(0, "10.8.7.7"))
	m.run(100 * ms)
	m.want(m.receivers(), "c")
	n = star(t, 4, topology.Duplex, topology.Shape{Delay: time.Millisecond}, topology.Shape{Delay: time.Millisecond})
	m.change(n)
	for _, f := range [][]byte{to4(0, "10.8.7.7"), to4(0, "10.9.0.1"), to6(0, "fd00:9::1")} {
		m.sent = nil
		m.send(m.now, 0, f)
		m.run(m.now + 100*ms)
		m.want(m.receivers(), "a") // that it is unreachable
	}
	n = starRouted(t)
	n.Stations[3].Addresses = n.Stations[1].Addresses
	if _, err := newTable(n, m.table); err == nil {
		t.Error("two stations have one address")
	}
}

func TestBroadcastsOfFurtherNetworks(t *testing.T) {
	m := newModel(t, starRouted(t))
	f := to4(1, "10.9.0.255")
	copy(f[virtioLen:], everybody)
	m.send(0, 1, f)
	m.run(100 * ms)
	m.want(m.receivers(), "acd")
	m.sent = nil
	m.send(m.now, 2, f) // which is in no such network
	m.run(m.now + 100*ms)
	m.want(len(m.sent), 0)
	m.want(m.table.ports[2].ignored, uint64(1))
}

func TestExchangesAnswerForFurtherAddresses(t *testing.T) {
	n := withARP(chain(t, 1, topology.Exchange))
	n.Stations[1].Addresses = []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}
	m := newModel(t, n)
	m.send(0, 0, m.ask(0, netip.MustParseAddr("10.9.0.1")))
	m.run(100 * ms)
	m.want(m.receivers(), "a")
	m.want([6]byte(m.sent[0].data[ipAt+8:]), m.table.ports[1].mac)
	f := to4(0, "10.9.0.1")
	copy(f[virtioLen:], m.table.ports[1].mac[:])
	m.sent = nil
	m.send(m.now, 0, f)
	m.run(m.now + 100*ms)
	m.want(m.receivers(), "c")
}
