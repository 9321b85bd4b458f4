package containerlab

import (
	"net/netip"
	"strings"
	"testing"

	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

func TestAddressesAndRoutesAreCommands(t *testing.T) {
	p := netip.MustParsePrefix
	n := &network.Network{Name: "x", Nodes: []network.Made{
		{Name: "a", Kind: topology.Host, Addresses: []netip.Prefix{p("10.9.0.2/24")}, Routes: []network.RouteTo{
			{To: p("10.8.0.0/16"), Via: "r"}, {To: p("fd00:8::/32"), Via: "r"}}},
		{Name: "r", Kind: topology.Host, Addresses: []netip.Prefix{p("fd00:9::1/64"), p("10.9.0.1/24")}, Forwards: true},
		{Name: "b", Kind: topology.Host},
	}}
	var text strings.Builder
	if err := Write(&text, n); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"a": {kind: linux, image: "alpine:3", exec: ["ip address add 10.9.0.2/24 dev eth1", ` +
			`"ip route add 10.8.0.0/16 via 10.9.0.1"]}`,
		`"b": {kind: linux, image: "alpine:3"}`, `"sysctl -w net.ipv4.ip_forward=1"`,
		"#   a: ip route add fd00:8::/32 via an address of r\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is missing in:\n%s", want, text.String())
		}
	}
	if g, err := Parse([]byte(text.String()), nil); err != nil || len(g.Nodes) != 3 {
		t.Errorf("what was written is read as %+v, %v", g, err)
	}
}
