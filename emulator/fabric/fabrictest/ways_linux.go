package fabrictest

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// ICMP's types that a destination is unreachable, and answers to an echo.
const (
	unreachable4, unreachable6 = 3, 1
	answered4, answered6       = 0, 129
)

// pinger is a version of IP of the tests of routes.
type pinger struct {
	probe                     func(from netns.Ref, to netip.Addr, timeToLive int) (netip.Addr, byte, error)
	own                       func(netip.Prefix) netip.Addr // of a station
	router                    func(topology.ID) netip.Addr
	answered, gone, expired   byte
	further, behind, byTwo    netip.Addr
	nobody                    netip.Addr
	furtherAt, toBehind, last netip.Prefix
	tcp                       string
}

// pingers are those that the kernel has.
func pingers(six bool) []pinger {
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	all := []pinger{{
		probe: probe, own: netip.Prefix.Addr, router: fabric.RouterAddr, answered: answered4, gone: unreachable4, expired: 11,
		further: addr("10.9.0.1"), behind: addr("10.9.1.5"), byTwo: addr("10.9.3.5"), nobody: addr("10.9.2.5"),
		furtherAt: prefix("10.9.0.1/24"), toBehind: prefix("10.9.1.0/24"), last: prefix("10.9.3.0/24"), tcp: "tcp4",
	}}
	if six {
		all = append(all, pinger{
			probe: probe6, own: func(p netip.Prefix) netip.Addr { return fabric.Addr6(p).Addr() }, router: fabric.RouterAddr6,
			answered: answered6, gone: unreachable6, expired: 3,
			further: addr("fd00:9::1"), behind: addr("fd00:9:1::5"), byTwo: addr("fd00:9:3::5"), nobody: addr("fd00:9:2::5"),
			furtherAt: prefix("fd00:9::1/64"), toBehind: prefix("fd00:9:1::/48"), last: prefix("fd00:9:3::/48"), tcp: "tcp6",
		})
	}
	return all
}

// wantAnswer checks who answers an echo request, and how.
func (b *Bench) wantAnswer(p pinger, from string, to netip.Addr, timeToLive int, who netip.Addr, typ byte) {
	b.t.Helper()
	got, kind, err := p.probe(b.Station(from).NetNS, to, timeToLive)
	if err != nil || got != who || kind != typ {
		b.t.Errorf("%s to %v, time to live %d: ICMP type %d from %v, %v; want type %d from %v", from, to, timeToLive,
			kind, got, err, typ, who)
	}
}

// Ways holds a fabric to further addresses of stations and to routes by way of stations, of IPv4 and, six, IPv6: what
// is behind a router that a user runs in a station is reached by those that have a route, hop by hop.
func Ways(t *testing.T, newFabric NewFabric, six bool) {
	testenv.Privileged(t)
	b := NewBench(t)
	b.Hosts("a", "r", "c")
	for _, name := range []string{"one", "two"} {
		b.Switch(name)
	}
	there, back := duplex(0, time.Millisecond)
	for _, ends := range [][2]string{{"a", "one"}, {"one", "two"}, {"two", "r"}, {"r", "c"}, {"c", "one"}} {
		b.Cable(ends[0], ends[1], there, back)
	}
	all := pingers(six)
	a, r := &b.Stations[b.index("a")], &b.Stations[b.index("r")]
	r.Forwards = true
	for _, p := range all {
		r.Addresses = append(r.Addresses, p.furtherAt)
		a.Routes = append(a.Routes, fabric.Route{To: p.toBehind, Via: r.ID}, fabric.Route{To: p.last, Via: r.ID})
		r.Routes = append(r.Routes, fabric.Route{To: p.last, Via: b.id("c")})
	}
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for _, p := range all {
		b.inside("r", onLoopback(p.behind))
		b.inside("c", onLoopback(p.byTwo))
	}
	check := func() {
		t.Helper()
		for _, p := range all {
			own := p.own(b.Station("r").Addr)
			for _, from := range []string{"a", "c"} {
				b.wantAnswer(p, from, p.further, 64, p.further, p.answered)
			}
			b.wantAnswer(p, "a", p.behind, 64, p.behind, p.answered)
			for ttl, who := range []netip.Addr{p.router(b.id("one")), p.router(b.id("two")), own} {
				b.wantAnswer(p, "a", p.byTwo, ttl+1, who, p.expired)
			}
			b.wantAnswer(p, "a", p.byTwo, 4, p.byTwo, p.answered)
			b.wantAnswer(p, "a", p.nobody, 64, p.router(b.id("one")), p.gone)
		}
	}
	check()
	b.Apply(f) // nothing differs
	check()
	status, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range status.Stations {
		if !s.Attached || s.Note != "" {
			t.Errorf("station %s: %+v", s.Name, s)
		}
	}
	a.Routes, r.Routes, r.Addresses, r.Forwards = nil, nil, nil, false
	b.Apply(f)
	for _, p := range all {
		for _, to := range []netip.Addr{p.further, p.behind, p.byTwo} {
			if who, typ, err := p.probe(a.NetNS, to, 64); err == nil && typ != p.gone {
				t.Errorf("%v, to which there is no route any more: type %d from %v", to, typ, who)
			}
		}
	}
}

// OwnWays holds a fabric to routes that contradict one another: hosts behind one switch send what is for one network by
// way of different hosts behind another, and a third one sends it nowhere.
func OwnWays(t *testing.T, newFabric NewFabric, six bool) {
	testenv.Privileged(t)
	b := NewBench(t)
	b.Hosts("a", "b", "d", "r", "q", "c")
	for _, name := range []string{"one", "two"} {
		b.Switch(name)
	}
	there, back := duplex(0, time.Millisecond)
	for _, ends := range [][2]string{{"a", "one"}, {"b", "one"}, {"d", "one"}, {"c", "one"}, {"one", "two"}, {"two", "r"},
		{"two", "q"}, {"r", "c"}, {"q", "c"}} {
		b.Cable(ends[0], ends[1], there, back)
	}
	all := pingers(six)
	vias := map[string]string{"a": "r", "b": "q", "r": "c", "q": "c"}
	route := func() {
		for from, via := range vias {
			s := &b.Stations[b.index(from)]
			s.Routes, s.Forwards = nil, from == "r" || from == "q"
			for _, p := range all {
				s.Routes = append(s.Routes, fabric.Route{To: p.last, Via: b.id(via)})
			}
		}
	}
	route()
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for _, p := range all {
		b.inside("c", onLoopback(p.byTwo))
	}
	b.wantOwnWays(all, vias, "")
	b.Apply(f) // nothing differs
	b.wantOwnWays(all, vias, "")
	b.SetDown("two-r")
	b.Apply(f)
	b.wantOwnWays(all, vias, "r")
	b.SetDown()
	vias["a"], vias["b"] = "q", "r"
	route()
	b.Apply(f)
	b.wantOwnWays(all, vias, "")
	for i := range b.Stations {
		b.Stations[i].Routes, b.Stations[i].Forwards = nil, false
	}
	b.Apply(f)
	for _, p := range all {
		b.wantRefused(p, "a")
	}
}

// wantOwnWays checks by way of whom packets of a and b go in the network of OwnWays, in which the way from the switch
// two to the host down is.
func (b *Bench) wantOwnWays(all []pinger, vias map[string]string, down string) {
	b.t.Helper()
	one, two := b.id("one"), b.id("two")
	for _, p := range all {
		b.wantRefused(p, "d")
		for _, from := range []string{"a", "b"} {
			via := vias[from]
			if via == down {
				b.wantAnswer(p, from, p.byTwo, 64, p.router(two), p.gone)
				continue
			}
			for ttl, who := range []netip.Addr{p.router(one), p.router(two), p.own(b.Station(via).Addr)} {
				b.wantAnswer(p, from, p.byTwo, ttl+1, who, p.expired)
			}
			b.wantAnswer(p, from, p.byTwo, 4, p.byTwo, p.answered)
		}
		b.wantAnswer(p, "a", p.own(b.Station("q").Addr), 64, p.own(b.Station("q").Addr), p.answered)
	}
}

// wantRefused checks that a station that has no route to it is told so of the address behind c.
func (b *Bench) wantRefused(p pinger, from string) {
	b.t.Helper()
	who, typ, err := p.probe(b.Station(from).NetNS, p.byTwo, 64)
	if typ != p.gone && !errors.Is(err, syscall.ENETUNREACH) && !errors.Is(err, syscall.EHOSTUNREACH) {
		b.t.Errorf("%s, which has no route, to %v: type %d from %v, %v", from, p.byTwo, typ, who, err)
	}
}

// onLoopback gives the loopback an address, as a program of the station's does.
func onLoopback(addr netip.Addr) func() error {
	return func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.AddrAdd(lo, &netlink.Addr{IPNet: &net.IPNet{IP: addr.AsSlice(),
			Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())}})
	}
}

// Unreachable holds a fabric to what is said of what is down: the last router in front of a link, a router or a host
// that is tells senders that their destination is unreachable, and nothing more when it is up again.
func Unreachable(t *testing.T, newFabric NewFabric, six bool) {
	b, f := behindTwo(t, newFabric)
	to := b.Station("b").Addr
	for _, c := range []struct{ down, router string }{{"two-b", "two"}, {"two", "one"}, {"b", "two"}, {"one-two", "one"}} {
		b.SetDown(c.down)
		if reshaper, ok := f.(fabric.Reshaper); ok && c.down != "b" {
			if err := reshaper.Reshape(t.Context(), b.Network); err != nil {
				t.Fatal(err)
			}
		} else {
			b.Apply(f)
		}
		for _, p := range pingers(six) {
			b.wantAnswer(p, "a", p.own(to), 64, p.router(b.id(c.router)), p.gone)
			err := netns.Do(b.Station("a").NetNS, func() error {
				conn, err := net.DialTimeout(p.tcp, netip.AddrPortFrom(p.own(to), 80).String(), testenv.Patience)
				if err == nil {
					_ = conn.Close()
				}
				return err
			})
			if !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.ENETUNREACH) {
				t.Errorf("%s is down: a connection fails with %v, want unreachable", c.down, err)
			}
		}
		b.SetDown()
		b.Apply(f)
		for _, p := range pingers(six) {
			b.wantAnswer(p, "a", p.own(to), 64, p.own(to), p.answered)
		}
	}
}
