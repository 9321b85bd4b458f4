package userspace

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

const ms, us = int64(time.Millisecond), int64(time.Microsecond)

// model is a fabric without a kernel: time is the test's.
type model struct {
	*core
	t    testing.TB
	now  int64
	sent []sent
}

type sent struct {
	at     int64
	to     string
	length int
	tag    byte
	data   []byte
}

func (m *model) deliver(to *port, data []byte) {
	m.sent = append(m.sent, sent{m.now, to.name, len(data), data[len(data)-1], slices.Clone(data)})
}

func star(t testing.TB, hosts int, typ topology.LinkType, there, back topology.Shape) fabric.Network {
	t.Helper()
	top := topology.New("star")
	add := func(v topology.Vertex) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	n := fabric.Network{Testbed: "t", Topology: top, Seed: 1}
	var ids []topology.ID
	for i := range hosts {
		id := add(topology.Vertex{Name: string(rune('a' + i))})
		ids = append(ids, id)
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		n.Stations = append(n.Stations, fabric.Station{ID: id, Addr: netip.PrefixFrom(addr, 16)})
	}
	if typ == topology.Shared {
		medium := add(topology.Vertex{Name: "medium", Kind: topology.Link, LinkType: typ, Shape: [2]topology.Shape{there}})
		for _, id := range ids {
			top.Join(id, medium, 0)
		}
	} else {
		hub := add(topology.Vertex{Name: "hub", Kind: topology.Switch})
		for i, id := range ids {
			name := "cable" + string(rune('a'+i))
			cable := add(topology.Vertex{Name: name, Kind: topology.Link, Shape: [2]topology.Shape{there, back}})
			top.Join(cable, id, 0)
			top.Join(cable, hub, 0)
		}
	}
	n.Queues = top.QueueLimits()
	return n
}

func newModel(t testing.TB, n fabric.Network) *model {
	t.Helper()
	table, err := newTable(n, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &model{t: t}
	m.core = newCore(table, m)
	return m
}

// frame is a UDP-like frame of an Ethernet length, addressed from one station to another.
func frame(from, to, length int, tag byte) []byte {
	b := make([]byte, virtioLen+length)
	binary.BigEndian.PutUint16(b[virtioLen+12:], 0x0800)
	b[ipAt], b[ttlAt], b[ipAt+9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[ipAt+2:], uint16(length-etherLen))
	copy(b[ipAt+12:], []byte{10, 0, byte(from >> 8), byte(from), 10, 0, byte(to >> 8), byte(to)})
	b[len(b)-1] = tag
	return b
}

// tcpBurst is a burst of segments with timestamps (32 bytes of TCP header).
func tcpBurst(from, to, payload, size int) []byte {
	b := frame(from, to, etherLen+20+32+payload, 0)
	b[0], b[1] = needsChecksum, gsoTCP4
	binary.NativeEndian.PutUint16(b[4:], uint16(size))
	b[ipAt+9] = protocolTCP
	tcp := b[ipAt+20:]
	binary.BigEndian.PutUint32(tcp[4:], 1000)
	tcp[12], tcp[13] = 8<<4, 0x10|tcpPSH|tcpFIN
	for i := range payload {
		tcp[32+i] = byte(i / size)
	}
	return b
}

func (m *model) send(at int64, from int, data []byte) {
	m.run(at)
	m.arrive(m.table.ports[from], at, data)
}

// run lets time pass until the given instant.
func (m *model) run(until int64) {
	for {
		at, any := m.next()
		if !any || at > until {
			m.now = until
			return
		}
		m.now = max(m.now, at)
		m.advance(m.now, 1)
	}
}

func (m *model) want(got, want any) {
	m.t.Helper()
	if got != want {
		m.t.Errorf("got %v, want %v", got, want)
	}
}

// change applies n to the running model.
func (m *model) change(n fabric.Network) {
	m.t.Helper()
	next, err := newTable(n, m.table)
	if err != nil {
		m.t.Fatal(err)
	}
	m.install(next, m.now)
}
