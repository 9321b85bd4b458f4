package userspace

import (
	"encoding/binary"
	"slices"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// narrowed is a - b - c - d - e with three switches, whose third link takes 1400 bytes and whose fourth 1300.
func narrowed(t testing.TB) fabric.Network {
	t.Helper()
	n := chain(t, 3, topology.Switch)
	for link, mtu := range map[string]int{"d-": 1400, "e-": 1300} {
		id, ok := n.Topology.Lookup(link)
		if !ok {
			t.Fatal("no link " + link)
		}
		for dir := range 2 {
			n.Topology.Vertices[id].Shape[dir].MTU = mtu
		}
	}
	return n
}

func uncut(data []byte) []byte {
	binary.BigEndian.PutUint16(data[fragmentAt:], dontFragment)
	return sealed(data, data[ttlAt])
}

func TestTheRouterInFrontOfANarrowLinkSaysSo(t *testing.T) {
	for _, c := range []struct {
		bytes  int // of the IP packet
		ttl    byte
		router string // that answers; empty: it arrives
		mtu    int    // 0: its time to live is over
	}{
		{1500, 64, "c", 1400}, {1401, 64, "c", 1400}, {1400, 64, "d", 1300}, {1301, 64, "d", 1300}, {1300, 64, "", 0},
		{1500, 1, "b", 0}, {1500, 2, "c", 0}, {1500, 3, "c", 1400}, {1400, 3, "d", 0}, {1400, 4, "d", 1300},
	} {
		for _, six := range []bool{false, true} {
			m := newModel(t, narrowed(t))
			f := uncut(sealed(frame(0, 1, etherLen+c.bytes, 7), c.ttl))
			if six {
				f = frame6(0, 1, etherLen+c.bytes, c.ttl, 7)
			}
			m.send(0, 0, f)
			m.run(100 * ms)
			if len(m.sent) != 1 {
				t.Fatalf("%+v: %d frames", c, len(m.sent))
			}
			got := m.sent[0]
			if c.router == "" {
				m.want(got.to, "e")
				m.want(got.length, virtioLen+etherLen+c.bytes)
				continue
			}
			m.want(got.to, "a")
			m.want(got.at, 2*int64(c.router[0]-'a')*ms)
			switch {
			case c.mtu == 0 && six:
				m.wantMessage6(got, c.router, timeExceeded6, 0, f)
			case c.mtu == 0:
				m.wantMessage(got, c.router, timeExceeded, 0, f)
			case six:
				m.wantMessage6(got, c.router, tooBig6, 0, f)
				m.want(int(binary.BigEndian.Uint32(got.data[ipAt+header6+4:])), c.mtu)
			default:
				m.wantMessage(got, c.router, unreachable3, mustCut, f)
				m.want(int(binary.BigEndian.Uint16(got.data[ipAt+20+6:])), c.mtu)
			}
			m.want(m.drops.TooBig, uint64(min(c.mtu, 1)))
		}
	}
}

func TestWhatMayBeCutArrivesInFragments(t *testing.T) {
	m := newModel(t, narrowed(t))
	f := sealed(frame(0, 1, 1514, 7), 64)
	for i := range f[ipAt+20 : len(f)-1] {
		f[ipAt+20+i] = byte(i * 7)
	}
	sent := slices.Clone(f)
	m.send(0, 0, f)
	m.run(100 * ms)
	m.want(len(m.sent), 2)
	var payload []byte
	for i, s := range m.sent {
		ip := s.data[ipAt : ipAt+20]
		field := binary.BigEndian.Uint16(ip[6:])
		m.want(s.to, "e")
		m.want(fold(sum(ip)), uint16(0xffff))
		m.want(int(binary.BigEndian.Uint16(ip[2:])), len(s.data)-ipAt)
		m.want(int(field&0x1fff)*fragmentUnit, len(payload))
		m.want(field&moreFollow != 0, i == 0)
		if len(s.data)-ipAt > 1300 {
			t.Errorf("a fragment of %d bytes", len(s.data)-ipAt)
		}
		payload = append(payload, s.data[ipAt+20:]...)
	}
	if !slices.Equal(payload, sent[ipAt+20:]) {
		t.Error("the fragments hold something else")
	}
	m.want(m.drops.TooBig, uint64(0))
	m.want(m.table.queues[0].packets, uint64(2))
}

func TestBurstsAreTooBigBySegment(t *testing.T) {
	n := narrowed(t)
	for i := range n.Topology.Vertices {
		if n.Topology.Vertices[i].Kind == topology.Link {
			for dir := range 2 {
				n.Topology.Vertices[i].Shape[dir].Rate = units.Gbps
			}
		}
	}
	m := newModel(t, n)
	big, fits := tcpBurst(0, 1, 10*1448, 1448), tcpBurst(0, 1, 10*1248, 1248)
	for _, f := range [][]byte{big, fits} {
		m.send(m.now, 0, uncut(f))
	}
	m.run(100 * ms)
	m.want(len(m.sent), 2)
	m.wantMessage(m.sent[0], "c", unreachable3, mustCut, big)
	m.want(m.sent[1].to, "e")
	m.want(m.sent[1].length, virtioLen+etherLen+52+10*1248)
}

func TestNarrowFirstLink(t *testing.T) {
	n := chain(t, 1, topology.Switch)
	id, _ := n.Topology.Lookup("b-")
	n.Topology.Vertices[id].Shape[0].MTU = 1280
	m := newModel(t, n)
	f := uncut(sealed(frame(0, 1, 1514, 7), 64))
	m.send(0, 0, f) // its interface was to know; whoever sends such a frame past it gets an answer all the same
	m.run(100 * ms)
	m.want(len(m.sent), 1)
	m.want(binary.BigEndian.Uint32(m.sent[0].data[ipAt+12:]), uint32(dummyRouter))
	m.want(int(binary.BigEndian.Uint16(m.sent[0].data[ipAt+26:])), 1280)
	m.want(n.Topology.HostMTU(0), 1280)
}
