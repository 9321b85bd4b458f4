package userspace

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func TestPacketTakesTransmissionAndDelayOfEveryHop(t *testing.T) {
	m := newModel(t, star(t, 3, topology.Duplex,
		topology.Shape{Rate: 10 * units.Mbps, Delay: time.Millisecond},
		topology.Shape{Rate: 100 * units.Mbps, Delay: 2 * time.Millisecond}))
	m.send(0, 0, frame(0, 1, 1250, 1)) // 1 ms at 10 Mb/s, 0.1 ms at 100 Mb/s
	m.send(0, 0, frame(0, 1, 1250, 2)) // waits 1 ms for the first
	m.run(ms * 100)
	m.want(len(m.sent), 2)
	m.want(m.sent[0].at, 1*ms+1*ms+100*us+2*ms)
	m.want(m.sent[1].at, 2*ms+1*ms+100*us+2*ms)
	m.want(m.sent[0].to, "b")
	m.want([6]byte(m.sent[0].data[virtioLen:]), m.table.ports[1].mac)
	q := m.table.queues[0]
	m.want(q.packets, uint64(2))
	m.want(q.bytes, uint64(2500))
}

func TestFractionsOfNanosecondsAreCarried(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: 10 * units.Gbps, Queue: units.GB}, topology.Shape{}))
	const n = 1000
	for range n {
		m.send(0, 0, frame(0, 1, 1514, 0))
	}
	m.run(ms * 100)
	m.want(len(m.sent), n)
	m.want(m.sent[n-1].at, int64(1514*8*n/10)) // 1211.2 ns each
}

func TestSharedMediumIsOneQueue(t *testing.T) {
	m := newModel(t, star(t, 3, topology.Shared, topology.Shape{Rate: 10 * units.Mbps}, topology.Shape{}))
	m.send(0, 0, frame(0, 1, 1250, 0))
	m.send(0, 1, frame(1, 0, 1250, 1))
	m.send(0, 2, frame(2, 0, 1250, 2))
	m.run(ms * 100)
	for i, s := range m.sent {
		m.want(s.at, int64(i+1)*ms)
		m.want(s.tag, byte(i))
	}
	m.want(len(m.sent), 3)
}

func TestDirectionsDoNotDisturbEachOther(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Duplex, topology.Shape{Rate: 10 * units.Mbps}, topology.Shape{}))
	m.send(0, 0, frame(0, 1, 1250, 0))
	m.send(0, 1, frame(1, 0, 1250, 1))
	m.run(ms * 100)
	m.want(len(m.sent), 2)
	m.want(m.sent[0].at, ms)
	m.want(m.sent[1].at, ms)
}

func TestTailDrop(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: 10 * units.Mbps, Queue: 5000}, topology.Shape{}))
	for i := range 10 {
		m.send(0, 0, frame(0, 1, 1250, byte(i)))
	}
	m.want(m.table.queues[0].dropped, uint64(6)) // 4 × 1250 bytes have room
	m.send(ms, 0, frame(0, 1, 1250, 20))         // one has left
	m.send(ms, 0, frame(0, 1, 1250, 21))
	m.run(ms * 100)
	m.want(len(m.sent), 5)
	m.want(m.sent[4].tag, byte(20))
	m.want(m.table.queues[0].dropped, uint64(7))
}

func TestIdleQueueTakesOnePacketOfAnySize(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Rate: 10 * units.Mbps, Queue: 100}, topology.Shape{}))
	m.send(0, 0, frame(0, 1, 1250, 0))
	m.send(0, 0, frame(0, 1, 1250, 1))
	m.run(ms * 100)
	m.want(len(m.sent), 1)
}

func TestLossIsAsWantedAndTakesNoCapacity(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Loss: 0.1, Delay: time.Millisecond}, topology.Shape{}))
	const n = 20000
	for i := range n {
		m.send(int64(i), 0, frame(0, 1, 100, 0))
	}
	m.run(ms * 100)
	lost := m.table.queues[0].lost
	m.want(uint64(len(m.sent))+lost, uint64(n))
	if lost < 1830 || lost > 2170 { // four standard deviations of 42
		t.Errorf("%d of %d lost, want about 2000", lost, n)
	}
	m.want(m.table.queues[0].packets, uint64(len(m.sent)))
}

func TestJitterKeepsOrderAndBounds(t *testing.T) {
	for _, c := range []struct{ interval, least, most int64 }{
		{20 * ms, 6 * ms, 14 * ms}, // far apart: each has its own delay
		{ms / 10, 6 * ms, 14 * ms}, // close together: later ones may have to wait for earlier ones
	} {
		jittery := topology.Shape{Delay: 10 * time.Millisecond, Jitter: 4 * time.Millisecond}
		m := newModel(t, star(t, 2, topology.Shared, jittery, topology.Shape{}))
		const n = 200
		for i := range n {
			m.send(int64(i)*c.interval, 0, frame(0, 1, 100, byte(i)))
		}
		m.run(1 << 40)
		m.want(len(m.sent), n)
		var least, most = int64(1 << 60), int64(0)
		for i, s := range m.sent {
			m.want(s.tag, byte(i))
			took := s.at - int64(i)*c.interval
			least, most = min(least, took), max(most, took)
		}
		if least < c.least || most > c.most || most < 13*ms || c.interval > 10*ms && least > 7*ms {
			t.Errorf("every %v: delays from %v to %v", time.Duration(c.interval), time.Duration(least), time.Duration(most))
		}
	}
}

func TestForeignFramesAreCounted(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{}, topology.Shape{}))
	broadcast, other, unknown := frame(0, 1, 100, 0), frame(0, 1, 100, 0), frame(0, 9, 100, 0)
	broadcast[virtioLen] = 0xff
	binary.BigEndian.PutUint16(other[virtioLen+12:], 0x8847) // MPLS
	for _, f := range [][]byte{broadcast, other, unknown, frame(0, 0, 100, 0), nil, make([]byte, 20)} {
		m.send(0, 0, f)
	}
	m.run(ms)
	m.want(len(m.sent), 1) // the message about the unknown address
	m.want(m.sent[0].to, "a")
	m.want(m.drops.Foreign, uint64(6))
	m.want(m.table.ports[0].ignored, uint64(5))
	m.want(m.table.ports[0].unreachable, uint64(1))
}

func TestCalibrationIsTakenOff(t *testing.T) {
	m := newModel(t, star(t, 2, topology.Shared, topology.Shape{Delay: time.Millisecond}, topology.Shape{}))
	m.hostLatency = 40 * us
	m.send(10*ms, 0, frame(0, 1, 100, 0))
	m.run(100 * ms)
	m.want(m.sent[0].at, 11*ms-40*us)
}

func TestChangeWhileUp(t *testing.T) {
	slow := star(t, 2, topology.Shared,
		topology.Shape{Rate: 10 * units.Mbps, Delay: 5 * time.Millisecond}, topology.Shape{})
	m := newModel(t, slow)
	for i := range 10 {
		m.send(0, 0, frame(0, 1, 1250, byte(i)))
	}
	m.run(2 * ms)
	m.change(star(t, 2, topology.Shared, topology.Shape{Rate: 100 * units.Mbps}, topology.Shape{}))
	m.send(2*ms, 0, frame(0, 1, 1250, 10))
	m.run(100 * ms)
	m.want(len(m.sent), 11)
	// Two had left and arrive as before; the others leave ten times as fast, and keep the old delay.
	for i, want := range []int64{6 * ms, 7 * ms, 7*ms + 100*us, 7*ms + 200*us} {
		m.want(m.sent[i].at, want)
	}
	m.want(m.sent[9].at, 7*ms+800*us)
	m.want(m.sent[10].tag, byte(10)) // not before those that it follows
	m.want(m.table.queues[0].packets, uint64(11))
}

func TestHeapOrder(t *testing.T) {
	var h eventHeap
	times := []int64{5, 3, 9, 3, 1, 7, 7, 0, 2, 8, 4, 6, 3}
	for i, at := range times {
		h.push(event{due: at, seq: uint64(i)})
	}
	for i := range h {
		h[i].due = 10 - h[i].due
	}
	h.repair()
	last := event{due: -1}
	for range times {
		e := h.pop()
		if !last.before(&e) {
			t.Fatalf("%v after %v", e, last)
		}
		last = e
	}
	if len(h) != 0 {
		t.Errorf("%d left", len(h))
	}
}

func TestLatencyLearns(t *testing.T) {
	l := newLatency(20 * us)
	if got := l.observeSleep(-1, 500*us, false); got != 20*us+stackLatency {
		t.Errorf("after a short sleep %d", got)
	}
	if got := l.observeSleep(0, 1*us, false); got != stackLatency {
		t.Errorf("without sleep %d", got)
	}
	for range 200 {
		l.observeSleep(20*ms, 20*ms+70*us, true)
	}
	if got := l.observeSleep(-1, 60*ms, false); got < 65*us+stackLatency || got > 70*us+stackLatency {
		t.Errorf("after a long sleep %d", got)
	}
	if got := l.observeSleep(-1, 500*us, false); got != 20*us+stackLatency {
		t.Errorf("short sleeps changed to %d", got)
	}
	for range 2000 {
		l.observeSleep(20*ms, 40*ms, true)
	}
	if got := l.observeSleep(-1, 60*ms, false); got != maxWake+stackLatency {
		t.Errorf("unbounded: %d", got)
	}
}

func TestTableRejects(t *testing.T) {
	n := star(t, 2, topology.Shared, topology.Shape{}, topology.Shape{})
	n.Stations[1].Addr = n.Stations[0].Addr
	if _, err := newTable(n, nil); err == nil {
		t.Error("an address given twice: no error")
	}
	n.Stations[1].Addr = netip.MustParsePrefix("fd00::1/64")
	if _, err := newTable(n, nil); err == nil {
		t.Error("an IPv6 address: no error")
	}
	n.Stations[1].ID = 99
	if _, err := newTable(n, nil); err == nil {
		t.Error("a station that is no vertex: no error")
	}
}
