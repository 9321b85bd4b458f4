package userspace

import (
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// local is a station's link-local address.
func (m *model) local(station int) string {
	return fabric.LinkLocal6(m.table.network.Stations[station].Addr.Addr()).Addr().String()
}

func TestLinkLocalAddressesAreOfASegment(t *testing.T) {
	m := newModel(t, star(t, 4, topology.Duplex, topology.Shape{Delay: time.Millisecond}, topology.Shape{}))
	f := to6(0, m.local(2))
	f[hopLimitAt] = 255 // as neighbours have it: nothing is routed
	m.send(0, 0, f)
	m.run(100 * ms)
	m.want(m.receivers(), "c")
	m.want(m.sent[0].data[hopLimitAt], byte(255))
	m.want([6]byte(m.sent[0].data[virtioLen:]), m.table.ports[2].mac)
	m.sent = nil
	for _, nobody := range []string{"fe80::74:aff:fe00:9", "fe80::1", "fe80:0:0:1:74:aff:fe00:2", "febf::74:aff:fe00:2"} {
		m.send(m.now, 0, to6(0, nobody))
	}
	m.run(m.now + 100*ms)
	m.want(len(m.sent), 0)
	m.want(m.table.ports[0].unreachable, uint64(4))

	m = newModel(t, chain(t, 1, topology.Exchange)) // which does not forward it, and does not what comes from there
	m.send(0, 0, to6(0, m.local(1)))
	from := to6(0, "fd74:6264:a00::a00:1")
	a := netip.MustParseAddr(m.local(0)).As16()
	copy(from[source6At:], a[:])
	m.send(0, 0, from)
	m.run(100 * ms)
	m.want(len(m.sent), 0)
	m.want(m.table.ports[0].ignored, uint64(2))
}

func TestPartitionsPartSegmentsToo(t *testing.T) {
	n := star(t, 3, topology.Duplex, topology.Shape{}, topology.Shape{})
	n.Partition = [][]topology.ID{{0}}
	m := newModel(t, n)
	m.send(0, 0, to6(0, m.local(1)))
	m.run(ms)
	m.want(len(m.sent), 0)
	m.want(m.drops.Parted, uint64(1))
}
