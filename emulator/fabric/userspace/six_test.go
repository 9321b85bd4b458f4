package userspace

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// frame6 is a UDP-like frame of IPv6 of an Ethernet length, from one station to another.
func frame6(from, to, length int, limit, tag byte) []byte {
	b := make([]byte, virtioLen+length)
	binary.BigEndian.PutUint16(b[virtioLen+12:], etherIPv6)
	b[ipAt], b[ipAt+6], b[hopLimitAt] = 0x60, 17, limit
	binary.BigEndian.PutUint16(b[ipAt+4:], uint16(length-etherLen-header6))
	for at, n := range map[int]int{source6At: from, dest6At: to} {
		a := fabric.Addr6(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 16)).Addr().As16()
		copy(b[at:], a[:])
	}
	b[len(b)-1] = tag
	return b
}

// tcpBurst6 is tcpBurst of IPv6.
func tcpBurst6(from, to, payload, size int) []byte {
	b := frame6(from, to, etherLen+header6+32+payload, 64, 0)
	b[0], b[1] = needsChecksum, gsoTCP6
	binary.NativeEndian.PutUint16(b[4:], uint16(size))
	b[ipAt+6] = protocolTCP
	tcp := b[ipAt+header6:]
	binary.BigEndian.PutUint32(tcp[4:], 1000)
	tcp[12], tcp[13] = 8<<4, 0x10|tcpPSH|tcpFIN
	for i := range payload {
		tcp[32+i] = byte(i / size)
	}
	return b
}

// wantMessage6 checks an ICMPv6 message about the frame, from the router of that name.
func (m *model) wantMessage6(s sent, router string, typ, code byte, about []byte) {
	m.t.Helper()
	ip, icmp := s.data[ipAt:ipAt+header6], s.data[ipAt+header6:]
	id, ok := m.table.network.Topology.Lookup(router)
	if from := netip.AddrFrom16([16]byte(ip[8:24])); !ok || from != fabric.RouterAddr6(id) {
		m.t.Errorf("from %v, want that of %s", from, router)
	}
	all := uint32(fold(sum(ip[8:40])+uint32(len(icmp))+protocolICMP6)) + uint32(fold(sum(icmp)))
	if ip[6] != protocolICMP6 || icmp[0] != typ || icmp[1] != code || fold(all) != 0xffff ||
		int(binary.BigEndian.Uint16(ip[4:])) != len(icmp) {
		m.t.Errorf("want type %d code %d, length and checksum: % x % x", typ, code, ip, icmp[:8])
	}
	if [16]byte(icmp[8+8:]) != [16]byte(about[source6At:]) || [16]byte(ip[24:]) != [16]byte(about[source6At:]) {
		m.t.Errorf("about % x, want % x", icmp[8:], about[ipAt:])
	}
}

func TestIPv6TakesTheSameWay(t *testing.T) {
	const switches = 3
	m := newModel(t, chain(t, switches, topology.Switch))
	for limit := byte(0); limit <= switches+1; limit++ {
		m.sent = nil
		begin := m.now
		f := frame6(0, 1, 100, limit, 7)
		m.send(begin, 0, f)
		m.run(begin + 100*ms)
		if len(m.sent) != 1 {
			t.Fatalf("hop limit %d: %d frames", limit, len(m.sent))
		}
		got := m.sent[0]
		if limit > switches {
			m.want(got.to, "e")
			m.want(got.at-begin, int64(switches+1)*ms)
			m.want(got.data[hopLimitAt], limit-switches)
			m.want(got.tag, byte(7))
			m.want([6]byte(got.data[virtioLen:]), m.table.ports[1].mac)
			continue
		}
		router := max(int(limit), 1)
		m.want(got.to, "a")
		m.want(got.at-begin, 2*int64(router)*ms)
		m.wantMessage6(got, string(rune('a'+router)), timeExceeded6, 0, f)
		m.want(int(got.data[hopLimitAt]), ownTTL-router+1)
		m.want(int(got.data[ipAt+header6+8+7]), min(int(limit), 1)) // as the router saw it
	}
	m.want(m.drops.Expired, uint64(switches+1))
}

func TestIPv6ToNobody(t *testing.T) {
	m := newModel(t, chain(t, 2, topology.Switch))
	unknown, other, long := frame6(0, 9, 100, 64, 0), frame6(0, 1, 100, 64, 0), frame6(0, 9, 1514, 64, 0)
	other[dest6At+1] = 0x75 // another network's
	for _, f := range [][]byte{unknown, other, long} {
		m.sent = nil
		begin := m.now
		m.send(begin, 0, f)
		m.run(begin + 100*ms)
		m.want(len(m.sent), 1)
		m.wantMessage6(m.sent[0], "b", unreachable6, addressUnknown, f)
		m.want(m.sent[0].at-begin, 2*ms)
	}
	m.want(m.sent[0].length, virtioLen+etherLen+1280) // no longer than every link carries (RFC 4443, 2.4)
	m.want(m.table.ports[0].unreachable, uint64(3))
	// Of errors, and of what is no packet, nothing is said.
	m.sent = nil
	fault := frame6(0, 9, 100, 64, 0)
	fault[ipAt+6], fault[ipAt+header6] = protocolICMP6, timeExceeded6
	for _, f := range [][]byte{fault, unknown[:ipAt+header6-1], frame6(0, 0, 100, 64, 0)} {
		m.send(m.now, 0, f)
	}
	m.run(m.now + 100*ms)
	m.want(len(m.sent), 0)
	m.want(m.table.ports[0].ignored, uint64(2))
}

func TestIPv6ToAGroup(t *testing.T) {
	m := newModel(t, star(t, 4, topology.Duplex, topology.Shape{Delay: time.Millisecond}, topology.Shape{}))
	for scope, want := range map[byte]string{1: "", 2: "acd", 5: "acd"} {
		m.sent = nil
		f := frame6(1, 0, 200, 1, 9)
		copy(f[dest6At:], []byte{0xff, scope, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3})
		m.send(m.now, 1, f)
		m.run(m.now + 100*ms)
		m.want(m.receivers(), want)
		for _, s := range m.sent {
			m.want(fmt.Sprintf("%x", s.data[virtioLen:virtioLen+6]), "333300010203")
			m.want(s.data[hopLimitAt], byte(1))
		}
	}
}

func TestBurstsOfIPv6(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: units.Gbps, Queue: 5 * 1514}, topology.Shape{}))
	m.send(0, 0, tcpBurst6(0, 1, 8*1428, 1428))
	m.run(ms * 100)
	m.want(len(m.sent), 1)
	m.want(m.sent[0].length, virtioLen+etherLen+header6+32+5*1428) // what the queue had room for
	m.want(m.sent[0].at, int64(5*1514*8))
	m.want(m.sent[0].data[1], byte(gsoTCP6))

	m = newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: 10 * units.Mbps}, topology.Shape{}))
	m.send(0, 0, tcpBurst6(0, 1, 2*1428+100, 1428))
	m.run(ms * 100)
	m.want(len(m.sent), 3)
	for i, s := range m.sent {
		ip, tcp := s.data[ipAt:ipAt+header6], s.data[ipAt+header6:]
		m.want(int(binary.BigEndian.Uint16(ip[4:])), len(tcp))
		m.want(binary.BigEndian.Uint32(tcp[4:]), uint32(1000+i*1428))
		m.want(tcp[13]&(tcpFIN|tcpPSH) != 0, i == 2)
		m.want(s.data[0], byte(needsChecksum))
		m.want(s.data[1], byte(gsoNone))
		m.want(s.tag, byte(i))
		m.want(binary.BigEndian.Uint16(tcp[16:]), fold(sum(ip[8:40])+protocolTCP+uint32(len(tcp))))
	}
}

func TestPartitionsAreOfIPv6Too(t *testing.T) {
	n := star(t, 2, topology.Shared, topology.Shape{}, topology.Shape{})
	n.Partition = [][]topology.ID{{0}}
	m := newModel(t, n)
	m.send(0, 0, frame6(0, 1, 100, 64, 0))
	m.run(ms)
	m.want(len(m.sent), 0)
	m.want(m.drops.Parted, uint64(1))
}
