package strangers

import (
	"net"
	"net/netip"
	"testing"
)

func at(address string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)) }

// TestDoor: nobody takes all the room, whatever port or address of his network he comes from.
func TestDoor(t *testing.T) {
	d := New(5, 2)
	for i, c := range []struct {
		from string
		want bool
	}{
		{"192.0.2.1:1", true}, {"192.0.2.1:2", true}, {"192.0.2.1:3", false}, {"[::ffff:192.0.2.1]:4", false},
		{"[2001:db8::1]:1", true}, {"[2001:db8::2]:1", true}, {"[2001:db8::ffff:ffff:3]:1", false},
		{"[2001:db8:0:1::1]:1", true}, {"192.0.2.2:1", false}, // five are in
	} {
		if got := d.Enter(at(c.from)); got != c.want {
			t.Errorf("%d: %s gets in: %v", i, c.from, got)
		}
	}
	d.Leave(at("192.0.2.1:2"))
	if !d.Enter(at("192.0.2.1:9")) || d.Enter(at("192.0.2.1:9")) {
		t.Error("whoever leaves makes room for one")
	}
	for _, from := range []string{"192.0.2.1:1", "192.0.2.1:9", "[2001:db8::1]:1", "[2001:db8::2]:1",
		"[2001:db8:0:1::1]:1"} {
		d.Leave(at(from))
	}
	if d.Inside() != 0 || len(d.from) != 0 {
		t.Errorf("%d are in: %v", d.Inside(), d.from)
	}
}
