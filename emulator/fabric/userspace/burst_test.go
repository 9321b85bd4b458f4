package userspace

import (
	"encoding/binary"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func TestBurstIsChargedItsHeaders(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: units.Gbps}, topology.Shape{}))
	m.send(0, 0, tcpBurst(0, 1, 10*1448+100, 1448))
	m.run(ms * 100)
	m.want(len(m.sent), 1) // delivered whole
	q := m.table.queues[0]
	m.want(q.packets, uint64(11))
	m.want(q.bytes, uint64(10*1514+166))
	m.want(m.sent[0].at, int64((10*1514+166)*8))
}

func TestBurstIsStoredAndForwardedBySegment(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Duplex,
		topology.Shape{Rate: units.Gbps, Delay: time.Millisecond}, topology.Shape{Rate: units.Gbps}))
	m.send(0, 0, tcpBurst(0, 1, 10*1448, 1448))
	m.run(ms * 100)
	// The second link begins when the first segment is there: 10 + 1 transmissions, not 20.
	m.want(m.sent[0].at, ms+11*1514*8)
}

func TestBurstFromSlowerLinkDoesNotBlockFasterOne(t *testing.T) {
	m := newModel(t, star(t, 3, topology.Duplex,
		topology.Shape{Rate: 500 * units.Mbps}, topology.Shape{Rate: 10 * units.Gbps}))
	m.send(0, 0, tcpBurst(0, 1, 40*1448, 1448))
	m.run(ms * 100)
	// All of it has arrived at the hub after 40 transmissions; the last segment still has to pass.
	m.want(m.sent[0].at, int64(40*1514*16+1514*8/10))
	down := m.table.queues[3]
	if busy := down.busyUntil - 1514*16; busy != 40*1514*8/10 {
		t.Errorf("the fast link was busy for %d ns", busy)
	}
}

func TestBurstIsCutWhereAPathIsSlow(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: 10 * units.Mbps}, topology.Shape{}))
	m.send(0, 0, tcpBurst(0, 1, 2*1448+100, 1448))
	m.run(ms * 100)
	m.want(len(m.sent), 3)
	for i, s := range m.sent {
		checkSegment(t, s.data, i, i == 2)
		m.want(s.tag, byte(i))
	}
	m.want(m.sent[0].at, int64(1514*800))
	m.want(m.sent[2].length, virtioLen+etherLen+52+100)
}

func TestFullQueueKeepsTheHeadOfABurst(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: units.Gbps, Queue: 5 * 1514}, topology.Shape{}))
	m.send(0, 0, tcpBurst(0, 1, 8*1448, 1448))
	m.run(ms * 100)
	m.want(len(m.sent), 1)
	m.want(m.sent[0].length, virtioLen+etherLen+52+5*1448)
	m.want(m.table.queues[0].dropped, uint64(3))
	m.want(m.table.queues[0].packets, uint64(5))
	m.want(m.sent[0].data[1], byte(gsoTCP4))
	m.want(m.sent[0].data[ipAt+20+13]&(tcpFIN|tcpPSH), byte(0))
}

// checkSegment verifies a segment's headers from scratch.
func checkSegment(t *testing.T, data []byte, i int, last bool) {
	t.Helper()
	ip, tcp := data[ipAt:ipAt+20], data[ipAt+20:]
	if fold(sum(ip)) != 0xffff {
		t.Errorf("segment %d: IP checksum", i)
	}
	if got := int(binary.BigEndian.Uint16(ip[2:])); got != len(data)-ipAt {
		t.Errorf("segment %d: IP length %d of %d", i, got, len(data)-ipAt)
	}
	if got := binary.BigEndian.Uint32(tcp[4:]); got != uint32(1000+i*1448) {
		t.Errorf("segment %d: sequence %d", i, got)
	}
	if got := tcp[13]&(tcpFIN|tcpPSH) != 0; got != last {
		t.Errorf("segment %d: FIN or PSH: %v", i, got)
	}
	if data[0] != needsChecksum || data[1] != gsoNone {
		t.Errorf("segment %d: virtio header % x", i, data[:virtioLen])
	}
	pseudo := fold(sum(ip[12:20]) + protocolTCP + uint32(len(tcp)))
	if got := binary.BigEndian.Uint16(tcp[16:]); got != pseudo {
		t.Errorf("segment %d: pseudo checksum %#x, want %#x", i, got, pseudo)
	}
}
