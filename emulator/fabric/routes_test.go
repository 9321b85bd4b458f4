package fabric

import (
	"net/netip"
	"strings"
	"testing"

	"testbed/emulator/topology"
)

func TestTheMostSpecificRouteIsTaken(t *testing.T) {
	p := netip.MustParsePrefix
	s := Station{Addr: p("10.64.0.1/16"), Addresses: []netip.Prefix{p("10.9.0.1/24"), p("fd00:9::1/64")}, Routes: []Route{
		{p("0.0.0.0/0"), 1}, {p("10.0.0.0/8"), 2}, {p("10.64.7.0/24"), 3}, {p("10.9.0.0/24"), 4}, {p("fd00:9::/48"), 5},
		{p("10.9.0.7/32"), 6},
	}}
	next := s.Next()
	for to, want := range map[string]topology.ID{
		"10.64.0.9": None, "10.64.7.9": 3, "10.1.1.1": 2, "8.8.8.8": 1, "10.9.0.2": None, "10.9.0.7": 6,
		"fd00:9::7": None, "fd00:9:0:1::7": 5, "fd74:6264:a40::a40:9": None,
	} {
		if got := Towards(next, netip.MustParseAddr(to)); got == nil || got.Via != want {
			t.Errorf("%s goes by %+v, want %d", to, got, want)
		}
	}
	if got := Towards(next, netip.MustParseAddr("2001:db8::1")); got != nil {
		t.Errorf("an address that no route is for goes by %+v", got)
	}
	if s.Routes = nil; s.Next() != nil {
		t.Error("a station without routes has ways of its own")
	}
}

func TestRoutesAreChecked(t *testing.T) {
	p := netip.MustParsePrefix
	for want, change := range map[string]func(a, b *Station){
		"":                                  func(a, _ *Station) { a.Addresses = []netip.Prefix{p("10.9.0.1/24")} },
		"cannot have the address 127.0.0.1": func(a, _ *Station) { a.Addresses = []netip.Prefix{p("127.0.0.1/8")} },
		"cannot have the address fe80::1":   func(a, _ *Station) { a.Addresses = []netip.Prefix{p("fe80::1/64")} },
		"cannot have the address invalid":   func(a, _ *Station) { a.Addresses = make([]netip.Prefix, 1) },
		"a and b have the same address": func(a, b *Station) {
			a.Addresses, b.Addresses = []netip.Prefix{p("10.9.0.1/24")}, []netip.Prefix{p("10.9.0.1/32")}
		},
		"cannot have the address 10.0.0.2": func(a, _ *Station) { a.Addresses = []netip.Prefix{p("10.0.0.2/32")} },
		"which is no other station":        func(a, _ *Station) { a.Routes = []Route{{p("10.8.0.0/16"), a.ID}} },
		"by way of cable, which is":        func(a, _ *Station) { a.Routes = []Route{{p("10.8.0.0/16"), 2}} },
		"by way of vertex 99, which":       func(a, _ *Station) { a.Routes = []Route{{p("10.8.0.0/16"), 99}} },
		"no network 10.8.0.1/16":           func(a, b *Station) { a.Routes = []Route{{p("10.8.0.1/16"), b.ID}} },
		"1025 routes":                      func(a, _ *Station) { a.Routes = make([]Route, MostRoutes+1) },
	} {
		n := sample(t)
		n.Stations[1].Addresses = nil
		change(&n.Stations[0], &n.Stations[1])
		err := CheckRoutes(n)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestLinkLocalAddressesFollowFromHardware(t *testing.T) {
	if got := LinkLocal6(netip.MustParseAddr("10.64.0.3")).String(); got != "fe80::74:aff:fe40:3/64" {
		t.Error(got)
	}
}
