package userspace

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// sealed makes a frame's header one that is checked: a time to live and a checksum.
func sealed(data []byte, ttl byte) []byte {
	data[ttlAt] = ttl
	ip := data[ipAt : ipAt+20]
	binary.BigEndian.PutUint16(ip[10:], 0)
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip)))
	return data
}

// chain is a - s0 - s1 - ... - b, with n switches and a millisecond a link.
func chain(t testing.TB, n int, kind topology.Kind) fabric.Network {
	t.Helper()
	top := topology.New("chain")
	add := func(v topology.Vertex) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	var last topology.ID
	net := fabric.Network{Testbed: "t", Topology: top}
	shape := topology.Shape{Delay: time.Millisecond}
	for i := range n + 2 {
		v := topology.Vertex{Name: string(rune('a' + i)), Kind: kind}
		end := i == 0 || i == n+1
		if end {
			v.Kind = topology.Host
		}
		id := add(v)
		if end {
			addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(len(net.Stations))})
			net.Stations = append(net.Stations, fabric.Station{ID: id, Addr: netip.PrefixFrom(addr, 16)})
		}
		if i > 0 {
			cable := add(topology.Vertex{Name: v.Name + "-", Kind: topology.Link, Shape: [2]topology.Shape{shape, shape}})
			top.Join(cable, last, 0)
			top.Join(cable, id, 0)
		}
		last = id
	}
	net.Queues = top.QueueLimits()
	return net
}

// wantMessage checks an ICMP message about the frame, from the router of that name.
func (m *model) wantMessage(s sent, router string, typ, code byte, about []byte) {
	m.t.Helper()
	ip, icmp := s.data[ipAt:ipAt+20], s.data[ipAt+20:]
	id, ok := m.table.network.Topology.Lookup(router)
	if from := netip.AddrFrom4([4]byte(ip[12:16])); !ok || from != fabric.RouterAddr(id) {
		m.t.Errorf("from %v, want that of %s", from, router)
	}
	if ip[9] != protocolICMP || icmp[0] != typ || icmp[1] != code || fold(sum(ip)) != 0xffff || fold(sum(icmp)) != 0xffff {
		m.t.Errorf("want type %d code %d and checksums: % x % x", typ, code, ip, icmp[:8])
	}
	if [8]byte(icmp[8+12:]) != [8]byte(about[ipAt+12:]) || [4]byte(ip[16:]) != [4]byte(about[ipAt+12:]) {
		m.t.Errorf("about % x, want % x", icmp[8:], about[ipAt:])
	}
}

func TestEachRouterTakesFromTheTimeToLive(t *testing.T) {
	const switches = 3
	m := newModel(t, chain(t, switches, topology.Switch))
	for ttl := byte(0); ttl <= switches+1; ttl++ {
		m.sent = nil
		begin := m.now
		f := sealed(frame(0, 1, 100, 7), ttl)
		m.send(begin, 0, f)
		m.run(begin + 100*ms)
		if len(m.sent) != 1 {
			t.Fatalf("time to live %d: %d frames", ttl, len(m.sent))
		}
		got := m.sent[0]
		if ttl > switches {
			m.want(got.to, "e")
			m.want(got.data[ttlAt], ttl-switches)
			m.want(fold(sum(got.data[ipAt:ipAt+20])), uint16(0xffff))
			continue
		}
		router := max(int(ttl), 1)
		m.want(got.to, "a")
		m.want(got.at-begin, 2*int64(router)*ms) // there and back
		m.wantMessage(got, string(rune('a'+router)), timeExceeded, 0, f)
		m.want(int(got.data[ttlAt]), ownTTL-router+1)
		m.want(int(got.data[ipAt+28+8]), min(int(ttl), 1)) // as the router saw it
	}
	m.want(m.drops.Expired, uint64(switches+1))
}

func TestMediumIsARouter(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: units.Mbps}, topology.Shape{}))
	f := sealed(frame(0, 1, 1250, 0), 1)
	m.send(0, 0, f)
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	m.wantMessage(m.sent[0], "medium", timeExceeded, 0, f)
	m.want(m.sent[0].at, 10*ms) // it waited for the medium; the answer leaves it without
}

func TestNobodysAddressIsUnreachable(t *testing.T) {
	m := newModel(t, chain(t, 2, topology.Switch))
	f := sealed(frame(0, 9, 100, 0), 64)
	m.send(0, 0, f)
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	m.wantMessage(m.sent[0], "b", unreachable3, hostUnknown, f)
	m.want(m.sent[0].at, 2*ms)
	m.want(m.table.ports[0].unreachable, uint64(1))
	// Of messages about other packets, later fragments and what is not for one receiver nothing is said.
	message, fragment, silent := sealed(frame(0, 9, 100, 0), 64), sealed(frame(0, 9, 100, 0), 64), 0
	message[ipAt+9], message[ipAt+20] = protocolICMP, timeExceeded
	fragment[ipAt+7] = 9
	for _, f := range [][]byte{message, fragment} {
		m.send(m.now, 0, f)
		silent++
	}
	m.run(200 * ms)
	m.want(len(m.sent), 1)
	m.want(m.table.ports[0].unreachable, uint64(1+silent))
}

// Where there is no router on the way, the fabric itself answers.
func TestUnreachableWithoutARouter(t *testing.T) {
	m := newModel(t, chain(t, 0, topology.Switch))
	m.send(0, 0, sealed(frame(0, 9, 100, 0), 64))
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	m.want(binary.BigEndian.Uint32(m.sent[0].data[ipAt+12:]), uint32(dummyRouter))
	m.send(m.now, 0, sealed(frame(0, 1, 100, 0), 1)) // and nobody takes from the time to live
	m.run(200 * ms)
	m.want(m.sent[1].to, "b")
}

func TestAnswersAreBounded(t *testing.T) {
	m := newModel(t, chain(t, 1, topology.Switch))
	f := sealed(frame(0, 9, 100, 0), 64)
	for range 10_000 {
		m.send(0, 0, f)
	}
	m.run(1000 * ms)
	if n := len(m.sent); n < 100 || n > 110 {
		t.Errorf("%d answers at once", n)
	}
	m.want(m.table.ports[0].unreachable, uint64(10_000))
	if n := testing.AllocsPerRun(100, func() {
		m.now += ms
		m.sent = m.sent[:0]
		m.core.arrive(m.table.ports[0], m.now, f)
	}); n > 0 {
		t.Errorf("%v allocations an answer", n)
	}
}

// A router that is down says nothing, and what was on its way when the network changed is answered all the same.
func TestAnswersAcrossChanges(t *testing.T) {
	n := chain(t, 2, topology.Switch)
	m := newModel(t, n)
	f := sealed(frame(0, 1, 100, 0), 2)
	m.send(0, 0, f)
	m.change(chain(t, 0, topology.Switch)) // both routers are gone
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	m.want(m.sent[0].to, "a")
	m = newModel(t, n)
	id, _ := n.Topology.Lookup("b")
	n.Down = []topology.ID{id}
	m.change(n)
	m.send(m.now, 0, f)
	m.run(100 * ms)
	m.want(len(m.sent), 0)
}
