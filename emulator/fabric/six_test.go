package fabric

import (
	"net/netip"
	"testing"
)

func TestIPv6AddressesFollowFromIPv4(t *testing.T) {
	for from, want := range map[string]string{
		"10.64.0.3/16": "fd74:6264:a40::a40:3/64", "10.77.9.250/16": "fd74:6264:a4d::a4d:9fa/64",
		"192.168.1.7/24": "fd74:6264:c0a8:100::c0a8:107/64",
	} {
		p := netip.MustParsePrefix(from)
		got := Addr6(p)
		if got != netip.MustParsePrefix(want) {
			t.Errorf("%s: %v, want %s", from, got, want)
		}
		if !got.Addr().IsPrivate() || Four(got.Addr()) != p.Addr() {
			t.Errorf("%s: %v is not private, or of %v", from, got, Four(got.Addr()))
		}
		if r := Route6(p, netip.PrefixFrom(p.Addr(), 31)); r.Bits() != 127 || !r.Contains(got.Addr()) {
			t.Errorf("%s: a route to %v", from, r)
		}
		if r := Route6(p, p); !r.Contains(got.Addr()) || r.Contains(netip.MustParseAddr("fd74:6264::1")) {
			t.Errorf("%s: the route to all is %v", from, r)
		}
	}
	if r := Route6(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("0.0.0.0/0")); r.String() != "::/0" {
		t.Errorf("anywhere is %v", r)
	}
	if a := RouterAddr6(4); a != netip.MustParseAddr("fd74:6264:c612::c612:5") {
		t.Errorf("router 4 is %v", a)
	}
}
